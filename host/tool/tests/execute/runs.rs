//! Single runs: inputs, outputs, what is printed, faults, identities.

use belljar_model::event::{LogLevel, Source};
use belljar_model::{Blame, Patterns, Tier};

use crate::Case;
use crate::fixture::{Fixture, limits, spec, tiers};

pub(crate) const CASES: &[Case] = &[
    ("a_run_reads_its_inputs_and_leaves_its_outputs_and_lines", reads_and_writes),
    ("a_run_finds_only_what_it_is_granted", only_granted),
    ("a_faulty_output_is_refused_with_the_last_lines", faulty_output),
    ("a_run_that_makes_a_mess_leaves_nothing", mess),
    ("a_tool_uses_another_and_its_identity_covers_it", uses),
    ("a_version_belongs_to_the_identity_and_is_asked_once", version),
    ("only_what_was_found_is_executed", unknown),
    ("arguments_are_data_and_too_long_ones_an_error", arguments),
    ("a_run_changes_copies_of_its_inputs", copies),
    ("python_imports_what_is_linked_with_the_system", python),
    ("node_runs", node),
    ("a_run_has_a_launcher_even_if_the_one_that_is_copied_was_killed", killed_seed),
];

fn reads_and_writes() {
    belljar_cases::case!("C07");
    for tier in tiers() {
        let fixture = Fixture::new(tier, &[("sh", "sh")]);
        let script = "read -r line < a/in; echo \"$line $X\" > out; read -r std; echo $std; \
                      echo bad >&2; ln -s /etc/passwd link; exit 3";
        let mut action = fixture.action("sh", &["-c", script], &[("a/in", "text\n")]);
        // `ln` is of the machine.
        let mut specs = fixture.specs.clone();
        specs.insert("ln".to_owned(), spec("ln", "ln"));
        specs.get_mut("sh").unwrap().uses.push("ln".to_owned());
        action.granted.identity = fixture.tools.find(&specs, "sh").unwrap().identity;
        action.env.insert("X".to_owned(), "{workspace}".to_owned());
        action.label.push_str("unit");
        action.stdin = belljar_model::ports::BlobStore::put(&fixture.blobs, b"fed\n").unwrap();
        action.writes = Patterns::parse(&["out", "link", "absent"]).unwrap();
        let run = fixture.run(&action).unwrap();
        assert_eq!((run.source, run.result.code), (Source::Executed, 3), "{run:?}");
        assert_eq!(fixture.text(&run.result.stdout), "fed\n");
        assert_eq!(fixture.text(&run.result.stderr), "bad\n");
        let mut lines: Vec<_> = run.lines.iter().map(|line| (line.level, &*line.text)).collect();
        lines.sort_unstable();
        assert_eq!(lines, [(LogLevel::Info, "[unit] fed"), (LogLevel::Warn, "[unit] bad")]);
        assert_eq!(fixture.heard.0.lock().unwrap().len(), 2, "live");
        let [out] = &run.result.outputs[..] else { panic!("{run:?}") };
        let text = fixture.text(&out.digest);
        assert!(text.starts_with("text /") && !text.contains('{'), "{text}");
        assert_eq!(run.result.links[0].target, "/etc/passwd");
        assert!(run.result.cost.wall_us > 0 && run.result.cost.setup_us > 0);
        fixture.assert_clean();
    }
}

fn only_granted() {
    belljar_cases::case!("D01", "D03");
    let fixture = Fixture::new(Tier::T1, &[("sh", "sh")]);
    let script = "cat a 2>/dev/null && echo cat; [ -e \"$1\" ] && echo root; \
                  [ -d /usr/share ] && echo share; echo $PATH; echo ${HOME:+home}";
    let root = fixture.folder.path().to_str().unwrap().to_owned();
    let action = fixture.action("sh", &["-c", script, "sh", &root], &[("a", "x")]);
    let run = fixture.run(&action).unwrap();
    let text = fixture.text(&run.result.stdout);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with('/') && lines[1] == "home", "{text}");
}

fn faulty_output() {
    belljar_cases::case!("C08");
    let fixture = Fixture::new(Tier::T1, &[("sh", "sh"), ("mkfifo", "mkfifo")]);
    let mut specs = fixture.specs.clone();
    specs.get_mut("sh").unwrap().uses.push("mkfifo".to_owned());
    let mut action = fixture.action("sh", &["-c", "echo said; mkfifo pipe"], &[]);
    action.granted.identity = fixture.tools.find(&specs, "sh").unwrap().identity;
    action.writes = Patterns::parse(&["*"]).unwrap();
    let fault = fixture.run(&action).unwrap_err();
    assert_eq!(fault.blame, Blame::Project, "{fault:?}");
    assert!(fault.message.contains("`pipe`"), "{fault:?}");
    assert!(fault.notes.contains(&"said".to_owned()), "{fault:?}");
    let mut few = limits();
    few.output_files.value = 1;
    action.args[1] = String::from("echo > a; echo > b");
    assert!(fixture.run_with(&action, &few).unwrap_err().message.contains("more than 1"));
    fixture.assert_clean();
}

fn mess() {
    belljar_cases::case!("C09");
    let fixture = Fixture::new(Tier::T1, &[("sh", "sh"), ("mkdir", "mkdir"), ("chmod", "chmod")]);
    let mut specs = fixture.specs.clone();
    specs.get_mut("sh").unwrap().uses.extend(["mkdir".to_owned(), "chmod".to_owned()]);
    let script = "for i in 1 2 3 4 5 6 7 8 9 10; do n=dddddddddddddddddddd$n; done; i=0; \
                  while [ $i -lt 19 ]; do mkdir -p $n && cd $n || exit; i=$((i+1)); done; \
                  : > file; chmod 000 .; cd {workspace}; echo > out; chmod 000 ddd*";
    let mut action = fixture.action("sh", &["-c", script], &[]);
    action.granted.identity = fixture.tools.find(&specs, "sh").unwrap().identity;
    action.writes = Patterns::parse(&["out"]).unwrap();
    let run = fixture.run(&action).unwrap();
    assert_eq!(run.result.outputs.len(), 1, "{run:?}");
    fixture.assert_clean();
}

fn uses() {
    let fixture = Fixture::new(Tier::T1, &[("sh", "sh"), ("cat", "cat")]);
    let alone = fixture.find("sh");
    let mut specs = fixture.specs.clone();
    specs.get_mut("sh").unwrap().uses.push("cat".to_owned());
    specs.get_mut("cat").unwrap().uses.push("sh".to_owned()); // a circle is no harm
    let both = fixture.tools.find(&specs, "sh").unwrap();
    assert_ne!(alone.identity, both.identity);
    let reason = |entry: &belljar_tool::Readable| entry.reason.to_string();
    assert!(both.closure.iter().any(|entry| reason(entry) == "used tool `cat`"), "{both:?}");
    let mut action = fixture.action("sh", &["-c", "cat a"], &[("a", "shown")]);
    action.granted.identity = both.identity;
    let run = fixture.run(&action).unwrap();
    assert_eq!(fixture.text(&run.result.stdout), "shown");
}

fn version() {
    let fixture = Fixture::new(Tier::T1, &[("sh", "sh")]);
    let mut specs = fixture.specs.clone();
    let find = |specs: &std::collections::BTreeMap<_, _>| fixture.tools.find(specs, "sh").unwrap();
    let plain = find(&specs).identity;
    specs.get_mut("sh").unwrap().version = ["-c", "echo 1.2"].map(str::to_owned).into();
    let first = find(&specs);
    assert_eq!(first.version.as_deref(), Some("1.2"));
    assert_ne!(first.identity, plain);
    assert_eq!(find(&specs), first);
    specs.get_mut("sh").unwrap().version = ["-c", "echo bad; exit 9"].map(str::to_owned).into();
    let fault = fixture.tools.find(&specs, "sh").unwrap_err();
    assert!(fault.message.contains('9') && fault.notes == ["bad"], "{fault:?}");
    let sh = specs.get_mut("sh").unwrap();
    sh.version.clear();
    sh.identity = vec![belljar_model::WorkspacePath::parse("toolchain").unwrap()];
    let absent = find(&specs).identity;
    std::fs::write(fixture.folder.path().join("root/toolchain"), "1").unwrap();
    assert_ne!(find(&specs).identity, absent);
}

fn unknown() {
    belljar_cases::case!("D01");
    let fixture = Fixture::new(Tier::T1, &[("own", "~/own")]);
    let program = fixture.folder.path().join("root/own");
    let write = |text: &str| {
        std::fs::write(&program, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
    };
    write("#!/bin/sh\necho one\n");
    let mut fixture = fixture;
    fixture.specs.insert("own".to_owned(), spec("own", program.to_str().unwrap()));
    let action = fixture.action("own", &[], &[]);
    assert_eq!(fixture.text(&fixture.run(&action).unwrap().result.stdout), "one\n");
    write("#!/bin/sh\necho another\n");
    let fault = fixture.run(&action).unwrap_err();
    assert!(fault.message.contains("changed"), "{fault:?}");
    assert_ne!(fixture.find("own").identity, action.granted.identity);
    let mut other = action;
    other.granted.identity = belljar_model::Digest::of(b"other");
    assert!(fixture.run(&other).unwrap_err().message.contains("not looked for"));
}

fn arguments() {
    belljar_cases::case!("D04");
    let fixture = Fixture::new(Tier::T1, &[("sh", "sh")]);
    let script = "for each; do printf '%s|' \"$each\"; done";
    let odd = ["-rf", "--config=/etc/passwd", "@a", "$(id)", "; id", "{workspace", "a\nb", "*", ""];
    let args: Vec<&str> = ["-c", script, "sh"].into_iter().chain(odd).collect();
    let run = fixture.run(&fixture.action("sh", &args, &[("a", "x")])).unwrap();
    assert_eq!(fixture.text(&run.result.stdout), odd.join("|") + "|");
    let long = "x".repeat(3 << 20);
    let fault = fixture.run(&fixture.action("sh", &["-c", ":", "sh", &long], &[])).unwrap_err();
    let text = format!("{fault:?}");
    assert!(text.len() < 4_000, "what is too long is not repeated: {} bytes", text.len());
    assert!(text.to_lowercase().contains("too long"), "{text}");
    fixture.assert_clean();
}

fn copies() {
    belljar_cases::case!("C15");
    for tier in tiers() {
        let fixture = Fixture::new(tier, &[("sh", "sh"), ("chmod", "chmod")]);
        let mut specs = fixture.specs.clone();
        specs.get_mut("sh").unwrap().uses.push("chmod".to_owned());
        let script = "chmod 777 a . && echo changed > a && cat < a > out";
        let mut action = fixture.action(
            "sh",
            &["-c", "cat() { read -r x; echo $x; }; eval \"$1\"", "sh", script],
            &[("a", "kept")],
        );
        action.granted.identity = fixture.tools.find(&specs, "sh").unwrap().identity;
        action.writes = Patterns::parse(&["out"]).unwrap();
        let run = fixture.run(&action).unwrap();
        assert_eq!(fixture.text(&run.result.outputs[0].digest), "changed\n", "{run:?}");
        // The fixture verifies each blob that it reads.
        assert_eq!(fixture.text(&belljar_model::Digest::of(b"kept")), "kept");
        fixture.assert_clean();
    }
}

fn python() {
    let fixture = Fixture::new(Tier::T1, &[("python", "python3")]);
    let script = "import ssl, zlib, ctypes, json; print(json.dumps([1]))";
    let run = fixture.run(&fixture.action("python", &["-c", script], &[])).unwrap();
    assert_eq!(fixture.text(&run.result.stdout), "[1]\n", "{run:?}");
}

fn node() {
    let fixture = Fixture::new(Tier::T1, &[("node", "node")]);
    let script = "console.log(require('./a').x + process.cwd().length)";
    let action = fixture.action("node", &["-e", script], &[("a.js", "exports.x = 'n'")]);
    let run = fixture.run(&action).unwrap();
    assert_eq!(fixture.text(&run.result.stdout), "n10\n", "{run:?}");
}

/// The processes of ours that wait to be copied.
fn seeds() -> Vec<u32> {
    let own = format!("/proc/{}/task", std::process::id());
    let threads = std::fs::read_dir(own).unwrap().map(|thread| thread.unwrap().path());
    let children = threads.filter_map(|path| std::fs::read_to_string(path.join("children")).ok());
    let children = children.collect::<Vec<_>>().join(" ");
    let pids = children.split_ascii_whitespace().map(|pid| pid.parse().unwrap());
    let is_seed = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("--belljar-seed")
    };
    pids.filter(is_seed).collect()
}

fn killed_seed() {
    let fixture = Fixture::new(Tier::T0, &[("sh", "sh")]);
    let run = |word: &str| {
        let action = fixture.action("sh", &["-c", &format!("echo {word}")], &[]);
        let run = fixture.run(&action).unwrap();
        assert_eq!(fixture.text(&run.result.stdout), format!("{word}\n"));
    };
    run("copied");
    let [first] = seeds()[..] else { panic!("{:?}", seeds()) };
    run("copied again");
    assert_eq!(seeds(), [first], "one for all runs");
    let killed = std::process::Command::new("kill").args(["-9", &first.to_string()]).status();
    assert!(killed.expect("`kill` is needed").success());
    run("loaded");
    run("copied once more");
    let [second] = seeds()[..] else { panic!("{:?}", seeds()) };
    assert_ne!(first, second);
    fixture.assert_clean();
}
