//! Tests of the lock file: written, read and compared.

use std::collections::BTreeSet;

use belljar_model::{Class, Digest};
use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;

use super::*;

fn entry() -> LockEntry {
    LockEntry {
        source: "path:plugins/p.wasm".to_owned(),
        label: "p@1.2.0".to_owned(),
        world: "pure-step".to_owned(),
        class: Class::Pure,
        digest: Digest::of(b"one"),
        sha256: "0".repeat(64),
        imports: BTreeSet::from(["belljar:step/inputs@0.1.0#read".to_owned()]),
        asks: Named::new(),
        grants: Named::new(),
    }
}

fn other_bytes(label: &str) -> LockEntry {
    let (digest, sha256) = (Digest::of(b"two"), "1".repeat(64));
    LockEntry { digest, sha256, label: label.to_owned(), ..entry() }
}

fn texts() -> impl Strategy<Value = BTreeSet<String>> {
    btree_set(any::<String>(), 1..4)
}

fn named(kinds: &'static [&'static str]) -> impl Strategy<Value = Named> {
    btree_map(proptest::sample::select(kinds).prop_map(str::to_owned), texts(), 0..3)
}

fn entries() -> impl Strategy<Value = LockEntry> {
    let class = proptest::sample::select(vec![Class::Pure, Class::Exec, Class::Effect]);
    let texts = (any::<String>(), any::<String>(), btree_set(any::<String>(), 0..4));
    let bytes = proptest::collection::vec(any::<u8>(), 0..9);
    (texts, class, bytes, named(ASKS), named(GRANTS)).prop_map(
        |((source, label, imports), class, bytes, asks, grants)| {
            let digest = Digest::of(&bytes);
            let world = world_of(class).to_owned();
            LockEntry {
                source,
                label,
                world,
                class,
                digest,
                sha256: digest.hex(),
                imports,
                asks,
                grants,
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(plugins in btree_map(any::<String>(), entries(), 0..4)) {
        let lock = LockFile { plugins };
        prop_assert_eq!(parse_lock("belljar.lock", &lock.to_string()), Ok(lock));
    }

    #[test]
    fn any_power_that_is_added_is_found(
        before in entries(),
        names in texts(),
        ask in proptest::sample::select(ASKS),
        grant in proptest::sample::select(GRANTS),
        what in 0..4_usize,
    ) {
        let mut now = before.clone();
        let added = |had: &BTreeSet<String>| names.difference(had).count();
        let count = match what {
            0 => {
                let had = now.imports.clone();
                now.imports.extend(names.iter().map(|name| format!("a:b/c#{name}")));
                now.imports.difference(&had).count()
            }
            1 => {
                let asks = now.asks.entry(ask.to_owned()).or_default();
                let count = added(asks);
                asks.extend(names.iter().cloned());
                count
            }
            2 => {
                let grants = now.grants.entry(grant.to_owned()).or_default();
                let count = added(grants);
                grants.extend(names.iter().cloned());
                count
            }
            _ => {
                now.class = Class::Effect;
                usize::from(before.class != Class::Effect)
            }
        };
        let changes = compare(&before, &now);
        let gained = changes.iter().filter(|change| change.power == Power::Gains).count();
        prop_assert_eq!(gained, count, "{:?}", changes);
        prop_assert_eq!(matches!(judge(Some(&before), &now), Comparison::Gained(_)), count > 0);
        // The other way round nothing is gained.
        let back = compare(&now, &before);
        prop_assert!(back.iter().all(|change| change.power != Power::Gains), "{:?}", back);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        drop(parse_lock("belljar.lock", &text));
    }
}

#[test]
fn the_same_plugin_is_unchanged_and_an_unknown_one_is_new() {
    assert_eq!(judge(Some(&entry()), &entry()), Comparison::Unchanged);
    assert_eq!(judge(None, &entry()), Comparison::New);
}

#[test]
fn a_newer_version_without_more_power_moves() {
    for label in ["p@1.2.1", "p@1.10.0", "p@2.0.0-rc.1", "p@1.2.0+build.5"] {
        let comparison = judge(Some(&entry()), &other_bytes(label));
        assert!(matches!(comparison, Comparison::Moved(_)), "{label}: {comparison:?}");
    }
}

#[test]
fn the_same_or_an_older_version_with_other_bytes_is_swapped() {
    belljar_cases::case!("H07");
    for label in ["p@1.2.0", "p@1.1.9", "p@0.9.0", "p", "p@x"] {
        let comparison = judge(Some(&entry()), &other_bytes(label));
        assert!(matches!(comparison, Comparison::Swapped(_)), "{label}: {comparison:?}");
    }
}

#[test]
fn a_digest_that_was_edited_in_the_lock_file_is_found() {
    belljar_cases::case!("H08");
    let edited = LockEntry { sha256: "2".repeat(64), ..entry() };
    assert!(matches!(judge(Some(&edited), &entry()), Comparison::Swapped(_)));
    let edited = LockEntry { digest: Digest::of(b"x"), ..entry() };
    assert!(matches!(judge(Some(&edited), &entry()), Comparison::Swapped(_)));
}

#[test]
fn another_build_of_a_builtin_is_no_change_but_more_power_is() {
    let builtin = |entry: LockEntry| LockEntry { source: "builtin:p".to_owned(), ..entry };
    let before = builtin(entry());
    let mut now = builtin(other_bytes("p@1.1.0"));
    now.imports.clear();
    assert_eq!(judge(Some(&before), &now), Comparison::Unchanged);
    now.imports.insert("belljar:step/tool@0.1.0#open".to_owned());
    assert!(matches!(judge(Some(&before), &now), Comparison::Gained(_)));
}

#[test]
fn another_source_with_other_bytes_is_another_plugin() {
    let moved = LockEntry { source: "path:q.wasm".to_owned(), ..entry() };
    assert!(matches!(judge(Some(&entry()), &moved), Comparison::Moved(_)));
    let other = LockEntry { source: "path:q.wasm".to_owned(), ..other_bytes("p@9.0.0") };
    assert!(matches!(judge(Some(&entry()), &other), Comparison::Gained(_)));
}

#[test]
fn logging_and_another_version_of_an_interface_give_no_power() {
    let mut now = other_bytes("p@1.3.0");
    now.imports =
        ["belljar:step/inputs@0.1.4#read", "belljar:step/log@0.1.0#emit"].map(str::to_owned).into();
    let changes = compare(&entry(), &now);
    assert!(changes.iter().all(|change| change.power == Power::Same), "{changes:?}");
    now.imports.insert("belljar:step/logs@0.1.0#emit".to_owned());
    assert!(matches!(judge(Some(&entry()), &now), Comparison::Gained(_)));
}

#[test]
fn a_lock_file_that_is_none_is_refused_at_its_place() {
    let text = LockFile { plugins: [("p".to_owned(), entry())].into() }.to_string();
    let check = |from: &str, to: &str, code: &str, words: &str| {
        let broken = text.replace(from, to);
        assert_ne!(broken, text, "{from}");
        let found = parse_lock("belljar.lock", &broken).unwrap_err();
        let first = &found[0];
        assert_eq!(first.code.as_str(), code, "{found:?}");
        assert!(first.message.contains(words), "{found:?}");
        assert!(!first.labels.is_empty());
    };
    check("version = 1", "version = 2", "E0142", "newer");
    check("version = 1", "", "E0141", "version = 1");
    check("version = 1", &format!("{} ours", "<".repeat(7)), "E0140", "not valid TOML");
    check("size = 3", "size = -3", "E0141", "size");
    check("size = 3\n", "", "E0141", "size");
    check("pure-step", "deploy-plugin", "E0141", "of the class `pure`");
    check("source = ", "sauce = ", "E0141", "sauce");
    check("sha256 = \"0", "sha256 = \"g", "E0141", "sha256");
    check("imports = [", "asks.powers = [", "E0141", "powers");
}

#[test]
fn a_plugin_is_added_and_nothing_else_of_the_file_changes() {
    let check = |text: &str, expected: &str| {
        assert_eq!(insert_plugin(text, "new", "builtin:new").as_deref(), Ok(expected));
    };
    let new = "new = \"builtin:new\"\n";
    check(
        "schema = 1\n\n[plugins] # ours\na = \"builtin:a\" # why\n\n# steps\n[step.s]\nuses = \"a\"\n",
        &format!(
            "schema = 1\n\n[plugins] # ours\na = \"builtin:a\" # why\n{new}\n# steps\n[step.s]\nuses = \"a\"\n"
        ),
    );
    check(
        "# top\n[step.s]\nuses = 'a'\n",
        &format!("[plugins]\n{new}\n# top\n[step.s]\nuses = 'a'\n"),
    );
    check("schema = 1", &format!("schema = 1\n\n[plugins]\n{new}"));
    check("[plugins]\n", &format!("[plugins]\n{new}"));
    let path = insert_plugin("[plugins]\n", "a.b", "x/y").unwrap();
    assert_eq!(path, "[plugins]\n\"a.b\" = { path = \"x/y\" }\n");
    let taken = Err(InsertError::Taken("a".to_owned()));
    assert_eq!(insert_plugin("[plugins]\na = 'builtin:a'\n", "a", "builtin:a"), taken);
    let inline = "plugins = { a = 'builtin:a' }\n[step.s]\nuses = 'a'\n";
    assert_eq!(insert_plugin(inline, "b", "builtin:b"), Err(InsertError::Layout));
}

#[test]
fn names_that_look_alike_are_found_and_others_are_not() {
    belljar_cases::case!("H06");
    for (name, other) in [
        ("cargo-1int", "cargo-lint"),
        ("cargo_lint", "cargo-lint"),
        ("cargolint", "cargo-lint"),
        ("c\u{430}rgo-lint", "cargo-lint"),
        ("Lint", "lint"),
        ("f0rrnat", "format"),
    ] {
        assert_eq!(look_alike(name, [other]), Some(other), "{name}");
        assert_eq!(look_alike(other, [name]), Some(name), "{name}");
    }
    for (name, other) in [("lint", "lint"), ("lint", "link"), ("test", "tests"), ("a", "b")] {
        assert_eq!(look_alike(name, [other]), None, "{name}");
    }
}
