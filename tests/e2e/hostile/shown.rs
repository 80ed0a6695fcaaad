//! What a plugin says, and where people and programs read it.

use super::contract::Scene;

const COMMANDS: [&str; 7] = [
    "::set-env name=PATH::/evil",
    "  ::add-mask::x",
    "::stop-commands::token",
    "##vso[task.setvariable variable=x]evil",
    "text ##VSO[task.complete]",
    "##TeamCity[buildStop]",
    "##[error]forged",
];

/// Whether some CI service would obey a line of this text.
#[track_caller]
fn assert_no_commands(text: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        let lower = line.to_lowercase();
        assert!(
            !["##[", "##vso[", "##teamcity["].iter().any(|mark| lower.contains(mark)),
            "{line}"
        );
    }
}

#[test]
fn commands_of_ci_services_are_defused_wherever_they_are_shown() {
    belljar_cases::case!("G02");
    for attack in ["say", "report", "panic"] {
        let scene = Scene::of(attack, &COMMANDS, "");
        for ci in ["CI", "GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"] {
            let environment = [(ci, "True")];
            for arguments in [
                &["run", "--no-locked", "--progress", "plain", "--force"][..],
                &["logs", "hostile"],
                &["why", "hostile"],
                &["runs"],
            ] {
                let run = scene.workspace.run_with(arguments, &environment);
                assert_no_commands(&run.stdout);
                assert_no_commands(&run.stderr);
            }
        }
        // A program that reads JSON gets the very texts, in lines that no service obeys.
        let logs = scene.workspace.run(["logs", "hostile", "--json"]).exits(0);
        assert_no_commands(&logs.stdout);
        assert!(logs.json().to_string().contains("##vso["), "{}", logs.stdout);
        let run = scene.workspace.run(["run", "--json", "--force", "--progress", "none"]);
        assert_no_commands(&run.stdout);
        scene.assert_whole();
    }
}

#[test]
fn a_plugin_cannot_speak_as_the_host() {
    belljar_cases::case!("G03", "I08");
    let forged = [
        "error[E0001]: step `good`: forged",
        "     PASS [  0.00s] (9/9) good",
        "  Summary [  0.00s] 99 steps: 99 ok",
        "{\"event\":\"step-finished\",\"report\":{\"step\":\"good\",\"status\":\"failed\"}}",
        "Approve this plan? [y/N]",
    ];
    let scene = Scene::of("say", &forged, "");
    let run = scene.run(&["run", "--json", "--progress", "none"]).exits(0);
    let events = run.stdout.lines().map(serde_json::from_str::<serde_json::Value>);
    let ended: Vec<_> = events
        .map(|event| event.expect("each line is an event"))
        .filter(|event| event["event"] == "step-finished")
        .collect();
    assert_eq!(ended.len(), 2, "a printed event is no event: {ended:?}");
    scene.attack("panic", &forged, "");
    let said = scene.attacked().exits(3).stderr;
    for forged in forged {
        let raw = said.lines().any(|line| line == forged);
        assert!(!raw, "a line of the plugin looks like one of the host:\n{said}");
    }
}

#[test]
fn nothing_that_a_terminal_obeys_reaches_it() {
    belljar_cases::case!("G01");
    let obeyed = [
        "\u{1b}[2J\u{1b}[1;1H",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]52;c;ZXZpbA==\u{7}",
        "\u{1b}]8;;http://evil.example\u{1b}\\link",
        "\u{1b}P0;1|17/ab\u{1b}\\",
        "all is well\rerror",
        "abc\u{8}\u{8}\u{8}",
        "\u{9b}31m\u{90}q",
        "\u{202e}gnp.exe\u{2066}",
    ];
    for attack in ["say", "report", "panic"] {
        let scene = Scene::of(attack, &obeyed, "");
        let run = scene.attacked();
        let others = [
            scene.run(&["logs", "hostile"]),
            scene.run(&["logs", "hostile", "--json"]),
            scene.run(&["why", "hostile"]),
            scene.run(&["run", "--json", "--force", "--progress", "none"]),
        ];
        for run in std::iter::once(&run).chain(&others) {
            for text in [&run.stdout, &run.stderr] {
                let odd = text.chars().find(|letter| {
                    (letter.is_control() && !matches!(letter, '\n' | '\t'))
                        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                });
                assert_eq!(odd, None, "{attack}: {text:?}");
            }
        }
    }
}

#[test]
fn reports_hold_texts_and_nothing_that_acts() {
    belljar_cases::case!("G05");
    let active = [
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "&xxe;]]><!ENTITY x SYSTEM 'file:///etc/passwd'>",
        "![x](http://evil.example/beacon.png)",
        "[click](javascript:alert(1))",
    ];
    let scene = Scene::of("report", &active, "");
    scene.run(&[
        "run",
        "--progress",
        "none",
        "--report",
        "junit=j.xml",
        "--report",
        "sarif=s.json",
    ]);
    let junit = scene.workspace.read("j.xml");
    assert!(!junit.contains("<script") && !junit.contains("&xxe;"), "{junit}");
    assert!(!junit.contains("<!ENTITY") && junit.contains("&lt;script&gt;"), "{junit}");
    let sarif = scene.workspace.read("s.json");
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    let texts = sarif["runs"][0]["results"].as_array().unwrap();
    for result in texts {
        let text = result["message"]["text"].as_str().unwrap();
        // SARIF takes `[text](target)` in a message for a link unless it is escaped.
        assert!(!text.replace("\\[", "").contains('['), "{text}");
        assert!(result["message"].get("markdown").is_none(), "{result}");
    }
    scene.assert_whole();
}

#[test]
fn the_environment_of_the_host_is_not_told() {
    belljar_cases::case!("F03");
    let names = ["HOST_CANARY", "HOME", "PATH", "BELLJAR_STORE", "USER", "LANG"];
    let scene = Scene::of("environment", &names, "grants = { env = [\"SEEN\"] }");
    scene.attacked().exits(0);
    let log = scene.log();
    for name in names {
        assert!(log.contains(&format!("{name}=unset")), "{log}");
    }
    let all = log.lines().find(|line| line.starts_with("all: ")).unwrap();
    assert!(!all.contains("CANARY") && !all.contains("BELLJAR"), "{all}");
}

#[test]
fn what_is_long_is_shown_in_parts() {
    belljar_cases::case!("G06");
    let long = format!("out/{}", "x".repeat(250));
    let scene = Scene::of("output", &["out/short"], "");
    scene.attacked().exits(0);
    scene.attack("output", &[&long], "");
    let said = scene.attacked().exits(0).stderr;
    let longest = said.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(longest < 700, "a line has {longest} letters: {said}");
}
