//! What is output of Terraform, and what only looks like it, or is cut.

use divvy_terraform::logs;

use super::described;

#[test]
fn what_holds_no_output_of_terraform_says_what_it_looks_like() {
    for (log, looks) in [
        ("", Some("empty")),
        (
            "<!doctype html><html><body>Sign in</body></html>",
            Some("HTML without Terraform's output"),
        ),
        ("\u{89}PNG", Some("text without Terraform's output")),
        ("{\"message\":\"Not Found\"}", Some("JSON without a message of Terraform's")),
        ("npm ERR! code 1\nnpm ERR! x\n", Some("text without Terraform's output")),
        ("name,description\nSales,x\nClaims,y\n", Some("text without Terraform's output")),
        ("No changes. Your infrastructure matches the configuration.\n", None),
    ] {
        let reading = logs::read(log.as_bytes()).unwrap();
        assert_eq!(reading.not_terraform, looks, "{log}");
        assert!(!reading.is_incomplete, "{log}");
    }
    assert_eq!(logs::read(&b"\x89PNG\r\n\x1a\n"[..]).unwrap().not_terraform, Some("a PNG image"));
}

#[test]
fn a_log_that_ends_before_its_run_is_no_run_without_failures() {
    let began = "Terraform will perform the following actions:\n\nPlan: 1 to add, 0 to change, 0 to destroy.\n";
    assert!(logs::read(began.as_bytes()).unwrap().is_incomplete);
    let ended = format!(
        "{began}a.b: Creating...\na.b: Creation complete after 0s [id=1]\nApply complete! Resources: 1 added.\n"
    );
    assert!(!logs::read(ended.as_bytes()).unwrap().is_incomplete);
    let cut = &ended[..ended.find("Apply").unwrap()];
    assert!(logs::read(cut.as_bytes()).unwrap().is_incomplete);
}

#[test]
fn an_error_of_another_tool_is_no_output_of_terraform() {
    for log in [
        "Error: Cannot find module 'x'\n    at Module._resolveFilename (node:internal)\n",
        "Error: INSTALLATION FAILED: cannot re-use a name that is still in use\n",
        "Error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n",
        "Error: Request failed with status code 409\nError: Request cancelled\n",
        "Error: expected \"{\".\n  ╷\n1 │ a\n  │  ^\n  ╵\n  main.scss 1:2  root stylesheet\n",
        "╭──────╮\n│ Error: update available │\n╰──────╯\n",
        "Error: Failed to prepare build: \"amazon-ebs\"\n\n  on main.pkr.hcl line 5:\n",
        "2026-11-28T11:19:00.0Z ##[error]Error: Input required and not supplied: token\n",
        "+ terraform apply\nsh: terraform: not found\nError: Process completed with exit code 127.\n",
        "{\"@level\":\"error\",\"@message\":\"failed\",\"@module\":\"core\",\"@timestamp\":\"x\"}\n",
        "fatal: [h]: FAILED! => {\"msg\":\"Error: x already exists\"}\n",
        "Plan: Free\nNo changes. Bye\n",
        "Warning: deprecated\nError: x\n\n",
    ] {
        let reading = logs::read(log.as_bytes()).unwrap();
        assert!(reading.not_terraform.is_some(), "{log}\n{:?}", described(&reading));
        assert_eq!(reading.failures, [], "{log}");
    }
}

#[test]
fn one_pasted_line_of_the_providers_is_enough() {
    for (text, name) in [
        ("Error: Failed to create division Sales: API Error: 409 - taken", Some("Sales")),
        ("Error: Failed to create division Sales error: API Error: 409 - taken", Some("Sales")),
        ("Failed to create division Sales error: API Error: 409 - taken", Some("Sales")),
        ("Error: Failed to create routing queue X error: API Error: 409 - taken", None),
        (
            "Jenkins » Error: Failed to create division Sales error: API Error: 409 - x",
            Some("Sales"),
        ),
    ] {
        for text in [text.to_owned(), format!("{text}\n")] {
            let reading = logs::read(text.as_bytes()).unwrap();
            let found: Vec<_> = reading.failures.iter().map(|failure| failure.status).collect();
            // The name may be cut where no line feed ends it.
            assert!(found == [Some(409)] || !text.ends_with('\n'), "{text}: {reading:?}");
            assert_eq!(reading.not_terraform, None, "{text}");
            if text.ends_with('\n') {
                assert_eq!(reading.failures[0].name.as_deref(), name, "{text}");
            }
        }
    }
}

#[test]
fn a_failure_of_terraforms_is_told_by_its_box_its_file_or_its_address() {
    for log in [
        "╷\n│ Error: Inconsistent dependency lock file\n│ \n│ The following\n╵\n",
        "Error: Reference to undeclared resource\n\n  on main.tf line 4, in output \"a\":\n   4: b\n",
        "Error: anything\n\n  with module.a.b.c[\"k\"],\n",
        "Error: Plugin did not respond\n\nThe plugin.(*GRPCProvider).ReadResource call\n",
        "Initializing the backend...\n\nError: anything\n",
    ] {
        let reading = logs::read(log.as_bytes()).unwrap();
        assert_eq!((reading.failures.len(), reading.not_terraform), (1, None), "{log}");
    }
    let cut = logs::read("│   with a.b,\n│   on main.tf line 1\n".as_bytes()).unwrap();
    assert!(cut.is_incomplete && cut.not_terraform.is_none());
}
