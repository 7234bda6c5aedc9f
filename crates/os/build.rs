//! Hands the target of the build on, which only a build script is told.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(target) = std::env::var("TARGET") {
        println!("cargo::rustc-env=DIVVY_TARGET={target}");
    }
}
