// SPDX-License-Identifier: MIT
use std::process::Command;

fn run(program: &str, words: &[&str]) {
    assert!(Command::new(program).args(words).status().unwrap().success());
}

fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let (one, other, archive) = (format!("{out}/basket.o"), format!("{out}/parts.o"), format!("{out}/libcbasket.a"));
    run("cc", &["-g", "-O2", "-fPIC", "-c", "src/basket.c", "-o", &one]);
    run("cc", &["-g", "-O2", "-fPIC", "-c", "src/parts.c", "-o", &other]);
    run("ar", &["rcs", &archive, &one, &other]);
    println!("cargo:rustc-link-search=native={out}");
    println!("cargo:rustc-link-lib=static=cbasket");
    println!("cargo:rerun-if-changed=src");
}
