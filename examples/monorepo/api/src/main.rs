//! Prints the menu as JSON.

fn main() -> Result<(), String> {
    println!("{}", api::to_json(&api::parse(api::MENU)?));
    Ok(())
}
