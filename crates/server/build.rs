//! The panel is built by `make panel` and embedded from its folder, which must be there, empty or not.

fn main() -> std::io::Result<()> {
    const PANEL: &str = "../../web/dist";
    println!("cargo::rerun-if-changed={PANEL}");
    std::fs::create_dir_all(PANEL)
}
