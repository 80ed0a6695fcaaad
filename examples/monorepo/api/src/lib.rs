//! The menu for other programs: as JSON, checked when it is read.

/// The menu of this repository, as it was when this was compiled.
pub const MENU: &str = include_str!("../../menu/menu.csv");

/// One line of the menu.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tea {
    /// What it is called: letters only.
    pub name: String,
    /// How long it steeps.
    pub seconds: u32,
    /// How hot the water is.
    pub celsius: u8,
}

/// Reads a menu.
///
/// # Errors
/// The first line that is not a tea, with its number.
pub fn parse(menu: &str) -> Result<Vec<Tea>, String> {
    let lines = menu.lines().enumerate().skip(1);
    lines
        .map(|(at, line)| tea(line).ok_or_else(|| format!("line {}: not a tea: {line}", at + 1)))
        .collect()
}

fn tea(line: &str) -> Option<Tea> {
    let [name, seconds, celsius] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let is_name = !name.is_empty() && name.chars().all(char::is_alphabetic);
    let celsius = celsius.parse().ok().filter(|celsius| *celsius <= 100)?;
    let tea = Tea { name: name.to_owned(), seconds: seconds.parse().ok()?, celsius };
    is_name.then_some(tea)
}

/// Writes teas as JSON.
pub fn to_json(teas: &[Tea]) -> String {
    let object = |Tea { name, seconds, celsius }: &Tea| {
        format!(r#"{{"tea":"{name}","seconds":{seconds},"celsius":{celsius}}}"#)
    };
    format!("[{}]", teas.iter().map(object).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_can_be_read() {
        assert!(!parse(MENU).unwrap().is_empty());
    }

    #[test]
    fn a_menu_becomes_json() {
        let teas = parse("tea,seconds,celsius\nwhite,270,80\n").unwrap();
        assert_eq!(to_json(&teas), r#"[{"tea":"white","seconds":270,"celsius":80}]"#);
    }

    #[test]
    fn what_is_no_tea_is_refused_with_its_line() {
        for line in ["white", "white,soon,80", "white,270,101", "wh\"ite,270,80", ",1,1"] {
            let error = parse(&format!("tea,seconds,celsius\n{line}")).unwrap_err();
            assert_eq!(error, format!("line 2: not a tea: {line}"));
        }
    }
}
