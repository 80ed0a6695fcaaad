//! A tool of the sandbox's own tests: an ordinary program that does what its arguments say.

#![expect(clippy::print_stdout, clippy::print_stderr, clippy::exit, reason = "programs do so")]

use std::io::{self, Read as _, Write as _};
use std::{env, fs};

fn main() -> Result<(), String> {
    let args: Vec<String> = env::args().collect();
    let words: Vec<&str> = args.iter().skip(1).map(String::as_str).collect();
    for word in words.split(|word| *word == "--") {
        one(word)?;
    }
    Ok(())
}

fn one(words: &[&str]) -> Result<(), String> {
    match *words {
        ["args"] => println!("{:?}", env::args().collect::<Vec<_>>()),
        ["env"] => env::vars().for_each(|(name, value)| println!("{name}={value}")),
        ["upper", from, to] => {
            let text = fs::read_to_string(from).map_err(told)?;
            fs::write(to, text.to_uppercase()).map_err(told)?;
        }
        ["read", path] => print!("{}", fs::read_to_string(path).map_err(told)?),
        ["write", path, text] => fs::write(path, text).map_err(told)?,
        ["stdin"] => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(told)?;
            print!("{text}");
        }
        ["say", text] => println!("{text}"),
        ["bytes"] => io::stdout().write_all(b"a\xff\x1b[2J\n").map_err(told)?,
        ["warn", text] => eprintln!("{text}"),
        ["random"] => {
            use std::hash::{BuildHasher as _, RandomState};
            println!("{}", RandomState::new().hash_one(0));
        }
        ["exit", code] => std::process::exit(code.parse().map_err(told)?),
        ["spin"] => loop {
            std::hint::black_box(());
        },
        ["allocate", mib] => {
            let size = mib.parse::<usize>().map_err(told)? << 20;
            println!("{}", std::hint::black_box(vec![1_u8; size]).len());
        }
        ["panic", message] => panic!("{message}"),
        _ => return Err(format!("unknown: {words:?}")),
    }
    Ok(())
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
