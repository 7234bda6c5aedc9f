//! The types that configurations in the wild use most, each with what is easily taken wrong about it: read
//! through the real program from an emulated org. A plan's JSON alone is looked at, so nothing is started.

use serde_json::{Value, json};

use crate::world::{World, seed_of};

/// A plan of one create for each type, at `TYPE.x`.
fn plan(planned: &[(&str, Value)]) -> Value {
    let address = |kind: &str| format!("genesyscloud_{kind}.x");
    let change = |(kind, after): &(&str, Value)| {
        json!({
            "address": address(kind), "mode": "managed", "type": format!("genesyscloud_{kind}"),
            "name": "x", "provider_name": "registry.terraform.io/mypurecloud/genesyscloud",
            "change": { "actions": ["create"], "before": null, "after": after,
                "after_unknown": { "id": true }, "before_sensitive": false, "after_sensitive": {} },
        })
    };
    let block = |(kind, _): &(&str, Value)| {
        json!({
            "address": address(kind), "mode": "managed", "type": format!("genesyscloud_{kind}"),
            "name": "x", "provider_config_key": "genesyscloud",
        })
    };
    json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {},
        "resource_changes": planned.iter().map(change).collect::<Vec<_>>(),
        "prior_state": { "format_version": "1.0", "terraform_version": "1.11.4", "values": { "root_module": {
            "resources": [{ "address": "genesyscloud_flow_milestone.kept", "mode": "managed",
                "type": "genesyscloud_flow_milestone", "name": "kept",
                "provider_name": "registry.terraform.io/mypurecloud/genesyscloud",
                "schema_version": 1, "values": { "id": "kept", "name": "kept" } }] } } },
        "configuration": {
            "provider_config": { "genesyscloud": { "name": "genesyscloud",
                "full_name": "registry.terraform.io/mypurecloud/genesyscloud" } },
            "root_module": { "resources": planned.iter().map(block).collect::<Vec<_>>() },
        },
    })
}

/// What `check` says of each of these creates in an org with these collections.
fn check(collections: &Value, planned: &[(&str, Value)]) -> Vec<(String, Value)> {
    let world = World::new(seed_of(&json!({ "collections": collections })));
    world.write("plan.json", &plan(planned).to_string());
    let ran = world.divvy(&["check", "--plan", "plan.json", "--fail-on", "never", "-o", "json"]);
    let report = ran.ended(0).json();
    let findings = report["findings"].as_array().expect("findings").clone();
    let told = |(kind, _): &(&str, Value)| {
        let at = format!("genesyscloud_{kind}.x");
        let found = findings.iter().find(|finding| finding["address"] == at.as_str());
        let found = found.unwrap_or_else(|| panic!("{at}: {report:#}")).clone();
        (found["verdict"].as_str().expect("a verdict").to_owned(), found)
    };
    planned.iter().map(told).collect()
}

/// Holds one create to the object that it is, by the id that an import takes.
#[track_caller]
fn is(collections: &Value, kind: &str, wanted: Value, id: &str) {
    let (verdict, finding) = check(collections, &[(kind, wanted)]).remove(0);
    assert_eq!(verdict, "adopt", "{finding:#}");
    assert_eq!(finding["action"]["id"], id, "{finding:#}");
}

/// Holds one create to another verdict than an adoption.
#[track_caller]
fn says(collections: &Value, kind: &str, wanted: Value, verdict: &str) -> Value {
    let (told, finding) = check(collections, &[(kind, wanted)]).remove(0);
    assert_eq!(told, verdict, "{finding:#}");
    finding
}

/// Objects of these names, whose ids are the names behind a dash.
fn named(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "id": format!("id-{name}"), "name": name })).collect()
}

/// So many objects, and one that comes last.
fn many(count: usize, last: Value) -> Value {
    let all =
        (0..count).map(|at| json!({ "id": format!("n-{at}"), "name": format!("Number {at}") }));
    all.chain([last]).collect()
}

const QUEUES: &str = "/api/v2/routing/queues";

#[test]
fn queue_of_a_name_that_two_divisions_have_is_the_one_of_its_division() {
    let queue = |id: &str, division: &str| json!({ "id": id, "name": "Care", "division": { "id": division } });
    let org = json!({ QUEUES: [queue("q-1", "d-1"), queue("q-2", "d-2")] });
    is(&org, "routing_queue", json!({ "name": "Care", "division_id": "d-2" }), "q-2");
    says(&org, "routing_queue", json!({ "name": "Care" }), "ambiguous");
}

#[test]
fn user_is_told_by_the_email_address_and_a_deleted_one_is_left_to_the_provider() {
    let user = |id: &str, email: &str, state: &str| json!({ "id": id, "name": "Ann", "email": email, "state": state });
    let org = json!({ "/api/v2/users": [
        user("u-1", "ann@example.com", "active"), user("u-2", "ann.b@example.com", "active"),
        user("u-3", "gone@example.com", "deleted"),
    ] });
    is(&org, "user", json!({ "name": "Somebody", "email": "ann.b@example.com" }), "u-2");
    says(&org, "user", json!({ "name": "Ann", "email": "gone@example.com" }), "create");
}

#[test]
fn skill_that_differs_by_case_alone_is_asked_about() {
    let org = json!({ "/api/v2/routing/skills": named(&["French", "german"]) });
    is(&org, "routing_skill", json!({ "name": "French" }), "id-French");
    let near = says(&org, "routing_skill", json!({ "name": "German" }), "near_miss");
    let message = near["message"].to_string();
    assert!(message.contains("the next apply would delete it and make another"), "{message}");
    assert!(near["hints"].to_string().contains("name = \\\"german\\\""), "{near:#}");
}

#[test]
fn wrapup_code_is_found_on_the_last_of_several_pages() {
    let last = json!({ "id": "w-9", "name": "Done" });
    let org = json!({ "/api/v2/routing/wrapupcodes": many(250, last) });
    is(&org, "routing_wrapupcode", json!({ "name": "Done" }), "w-9");
}

#[test]
fn integration_action_of_a_name_that_two_integrations_have_is_the_one_of_its_integration() {
    let action = |id: &str, integration: &str| json!({ "id": id, "name": "Get", "integrationId": integration });
    let org =
        json!({ "/api/v2/integrations/actions": [action("a-1", "i-1"), action("a-2", "i-2")] });
    is(&org, "integration_action", json!({ "name": "Get", "integration_id": "i-2" }), "a-2");
    says(&org, "integration_action", json!({ "name": "Get", "integration_id": "i-3" }), "create");
}

#[test]
fn integration_is_told_by_the_name_in_its_configuration_and_by_its_type() {
    let integration = |id: &str, kind: &str| json!({ "id": id, "name": "Data", "integrationType": { "id": kind } });
    let org = json!({ "/api/v2/integrations": [integration("i-1", "purecloud-data-actions"), integration("i-2", "custom-rest-actions")] });
    let wanted =
        json!({ "integration_type": "custom-rest-actions", "config": [{ "name": "Data" }] });
    is(&org, "integration", wanted, "i-2");
}

#[test]
fn role_of_an_org_is_adopted_and_a_built_in_one_is_updated_by_its_create() {
    let org = json!({ "/api/v2/authorization/roles": [
        { "id": "r-1", "name": "Auditor" }, { "id": "r-2", "name": "employee", "defaultRoleId": "employee" },
    ] });
    is(&org, "auth_role", json!({ "name": "Auditor" }), "r-1");
    let built_in = json!({ "name": "employee", "default_role_id": "employee" });
    says(&org, "auth_role", built_in, "updates_existing");
}

#[test]
fn group_that_was_deleted_keeps_no_name() {
    let org = json!({ "/api/v2/groups": [
        { "id": "g-1", "name": "Team", "state": "deleted" }, { "id": "g-2", "name": "Crew" },
    ] });
    is(&org, "group", json!({ "name": "Crew" }), "g-2");
    says(&org, "group", json!({ "name": "Team" }), "create");
}

#[test]
fn web_deployment_and_its_configuration_are_found_behind_cursors() {
    let last = |id: &str| json!({ "id": id, "name": "Shop" });
    let org = json!({
        "/api/v2/webdeployments/configurations": many(120, last("c-9")),
        "/api/v2/webdeployments/deployments": many(120, last("d-9")),
    });
    is(&org, "webdeployments_configuration", json!({ "name": "Shop" }), "c-9");
    is(&org, "webdeployments_deployment", json!({ "name": "Shop" }), "d-9");
}

#[test]
fn trigger_is_found_behind_links_to_the_next_page() {
    let org = json!({ "/api/v2/processAutomation/triggers": many(120, json!({ "id": "t-9", "name": "Late" })) });
    is(&org, "processautomation_trigger", json!({ "name": "Late" }), "t-9");
}

#[test]
fn data_table_of_a_name_that_another_one_contains_is_not_that_other_one() {
    let org = json!({ "/api/v2/flows/datatables": named(&["Support Tier 2"]) });
    says(&org, "architect_datatable", json!({ "name": "Support" }), "create");
    is(&org, "architect_datatable", json!({ "name": "Support Tier 2" }), "id-Support Tier 2");
}

#[test]
fn row_of_a_data_table_is_imported_by_table_and_key() {
    let org = json!({
        "/api/v2/flows/datatables": [{ "id": "t-1", "name": "Codes" }],
        "/api/v2/flows/datatables/t-1/rows": [{ "key": "a/b" }],
    });
    is(
        &org,
        "architect_datatable_row",
        json!({ "datatable_id": "t-1", "key_value": "a/b" }),
        "t-1/a/b",
    );
    let other = json!({ "datatable_id": "t-1", "key_value": "c" });
    says(&org, "architect_datatable_row", other, "create");
}

#[test]
fn ivr_is_told_by_its_name_in_its_division() {
    let ivr = |id: &str, division: &str| json!({ "id": id, "name": "Main", "division": { "id": division } });
    let org = json!({ "/api/v2/architect/ivrs": [ivr("v-1", "d-1"), ivr("v-2", "d-2")] });
    is(&org, "architect_ivr", json!({ "name": "Main", "division_id": "d-1" }), "v-1");
}

#[test]
fn did_pool_is_told_by_both_numbers_and_a_deleted_one_is_none() {
    let pool = |id: &str, end: &str, state: &str| json!({ "id": id, "name": id, "startPhoneNumber": "+4930100", "endPhoneNumber": end, "state": state });
    let org = json!({ "/api/v2/telephony/providers/edges/didpools": [
        pool("p-0", "+4930199", "deleted"), pool("p-1", "+4930199", "active"), pool("p-2", "+4930299", "active"),
    ] });
    let wanted = |end: &str| json!({ "start_phone_number": "+4930100", "end_phone_number": end });
    is(&org, "telephony_providers_edges_did_pool", wanted("+4930199"), "p-1");
    says(&org, "telephony_providers_edges_did_pool", wanted("+4930399"), "create");
}

#[test]
fn knowledge_base_is_found_published_or_not_in_its_language() {
    let base = |id: &str, language: &str, published: bool| json!({ "id": id, "name": "Help", "coreLanguage": language, "published": published });
    let org = json!({ "/api/v2/knowledge/knowledgebases": [base("k-1", "en-US", true), base("k-2", "de-DE", false), base("k-3", "fr-FR", true)] });
    let wanted = |language: &str| json!({ "name": "Help", "core_language": language });
    is(&org, "knowledge_knowledgebase", wanted("en-US"), "k-1");
    is(&org, "knowledge_knowledgebase", wanted("de-DE"), "k-2");
    says(&org, "knowledge_knowledgebase", wanted("es-ES"), "create");
}

#[test]
fn language_that_was_deleted_is_none() {
    let org = json!({ "/api/v2/routing/languages": [
        { "id": "l-1", "name": "Dutch", "state": "deleted" }, { "id": "l-2", "name": "Dutch", "state": "active" },
        { "id": "l-3", "name": "Irish", "state": "deleted" },
    ] });
    is(&org, "routing_language", json!({ "name": "Dutch" }), "l-2");
    says(&org, "routing_language", json!({ "name": "Irish" }), "create");
}

#[test]
fn email_route_is_looked_for_in_its_own_domain_and_imported_with_it() {
    let domains = "/api/v2/routing/email/domains";
    let org = json!({
        domains: [{ "id": "a.example.com" }, { "id": "b.example.com" }],
        "/api/v2/routing/email/domains/a.example.com/routes": [{ "id": "r-1", "pattern": "care" }],
        "/api/v2/routing/email/domains/b.example.com/routes": [{ "id": "r-2", "pattern": "care" }],
    });
    let wanted = json!({ "domain_id": "b.example.com", "pattern": "care", "from_name": "Care" });
    is(&org, "routing_email_route", wanted, "b.example.com/r-2");
}

#[test]
fn script_that_exists_is_told_before_its_upload_leaves_another_behind() {
    let org = json!({ "/api/v2/scripts": named(&["Agent"]) });
    let wanted = |name: &str| json!({ "script_name": name, "filepath": "agent.json" });
    is(&org, "script", wanted("Agent"), "id-Agent");
    says(&org, "script", wanted("Agent 2"), "create");
}

#[test]
fn emergency_group_of_a_name_that_another_one_contains_is_not_that_other_one() {
    let org = json!({ "/api/v2/architect/emergencygroups": named(&["Fire drill"]) });
    says(&org, "architect_emergencygroup", json!({ "name": "Fire" }), "create");
    is(&org, "architect_emergencygroup", json!({ "name": "Fire drill" }), "id-Fire drill");
}

#[test]
fn schedule_and_group_of_schedules_of_one_name_are_two_things() {
    let org = json!({
        "/api/v2/architect/schedules": [{ "id": "s-1", "name": "Open" }],
        "/api/v2/architect/schedulegroups": [{ "id": "g-1", "name": "Open" }],
    });
    is(&org, "architect_schedules", json!({ "name": "Open" }), "s-1");
    is(&org, "architect_schedulegroups", json!({ "name": "Open" }), "g-1");
}

#[test]
fn site_is_found_managed_by_the_vendor_or_not_and_a_location_by_its_name() {
    let site =
        |id: &str, name: &str, managed: bool| json!({ "id": id, "name": name, "managed": managed });
    let org = json!({
        "/api/v2/telephony/providers/edges/sites": [site("s-1", "Cloud", true), site("s-2", "Berlin", false)],
        "/api/v2/locations": [{ "id": "l-1", "name": "Berlin" }],
    });
    is(&org, "telephony_providers_edges_site", json!({ "name": "Cloud" }), "s-1");
    is(&org, "telephony_providers_edges_site", json!({ "name": "Berlin" }), "s-2");
    is(&org, "location", json!({ "name": "Berlin" }), "l-1");
}

#[test]
fn edge_group_is_found_managed_by_the_vendor_or_not() {
    let org = json!({ "/api/v2/telephony/providers/edges/edgegroups": [{ "id": "e-1", "name": "Cloud", "managed": true }, { "id": "e-2", "name": "Own" }] });
    is(&org, "telephony_providers_edges_edge_group", json!({ "name": "Cloud" }), "e-1");
    is(&org, "telephony_providers_edges_edge_group", json!({ "name": "Own" }), "e-2");
}

#[test]
fn integration_credential_is_found_behind_its_own_cursor() {
    let last = json!({ "id": "c-9", "name": "Key" });
    let org = json!({ "/api/v2/integrations/credentials": many(450, last) });
    is(&org, "integration_credential", json!({ "name": "Key" }), "c-9");
}

#[test]
fn outbound_types_of_one_name_are_told_apart_and_contained_names_are_others() {
    let org = json!({
        "/api/v2/outbound/attemptlimits": named(&["Daily", "Daily max"]),
        "/api/v2/outbound/contactlists": named(&["Daily"]),
        "/api/v2/outbound/rulesets": named(&["Daily"]),
        "/api/v2/outbound/campaigns": named(&["Daily"]),
    });
    for kind in
        ["outbound_attempt_limit", "outbound_contact_list", "outbound_ruleset", "outbound_campaign"]
    {
        is(&org, kind, json!({ "name": "Daily" }), "id-Daily");
        says(&org, kind, json!({ "name": "Dail" }), "create");
    }
}

#[test]
fn presence_definition_is_told_by_all_its_labels_and_its_presence() {
    let definition = |id: &str, labels: Value, presence: &str| json!({ "id": id, "languageLabels": labels, "systemPresence": presence });
    let (both, one) = (json!({ "de": "Mittag", "en_US": "Lunch" }), json!({ "en_US": "Lunch" }));
    let org = json!({ "/api/v2/presence/definitions": [
        definition("p-1", both.clone(), "Meal"), definition("p-2", one.clone(), "Meal"),
        definition("p-3", both.clone(), "Break"),
    ] });
    let wanted = |labels: &Value, presence| json!({ "language_labels": labels, "system_presence": presence });
    is(&org, "organization_presence_definition", wanted(&both, "Meal"), "p-1");
    is(&org, "organization_presence_definition", wanted(&one, "Meal"), "p-2");
    is(&org, "organization_presence_definition", wanted(&both, "Break"), "p-3");
    says(&org, "organization_presence_definition", wanted(&one, "Break"), "create");
}

#[test]
fn schedule_of_a_journey_view_has_the_id_of_its_view() {
    let org = json!({ "/api/v2/journey/views/v-1/schedules": [{ "frequency": "Daily" }] });
    is(&org, "journey_view_schedule", json!({ "journey_view_id": "v-1" }), "v-1");
    says(&org, "journey_view_schedule", json!({ "journey_view_id": "v-2" }), "create");
}

#[test]
fn variation_is_below_a_document_whose_own_id_names_its_knowledge_base() {
    let org = json!({ "/api/v2/knowledge/knowledgebases/k-1/documents/d-1/variations": [{ "id": "x-1", "name": "Short" }] });
    let wanted = |name| json!({ "knowledge_base_id": "k-1", "knowledge_document_id": "d-1,k-1", "knowledge_document_variation": [{ "name": name }] });
    is(&org, "knowledge_document_variation", wanted("Short"), "k-1 d-1,k-1 x-1");
    says(&org, "knowledge_document_variation", wanted("Long"), "create");
}

#[test]
fn response_asset_has_the_name_of_its_file_where_it_says_none() {
    let org = json!({ "/api/v2/responsemanagement/responseassets/uploads": [{ "id": "a-1", "name": "img/logo.png" }] });
    let (asset, file) = ("responsemanagement_responseasset", "img/logo.png");
    is(&org, asset, json!({ "filename": file }), "a-1");
    is(&org, asset, json!({ "filename": "logo.png", "name": file }), "a-1");
    says(&org, asset, json!({ "filename": file, "name": "logo.png" }), "create");
}
