//! Has the binary rebuilt when the console it embeds was built anew.

fn main() {
    println!("cargo:rerun-if-changed=frontend/dist");
}
