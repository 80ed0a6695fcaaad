//! What a step ran: its tools, how they were kept apart, and where their results came from.

use belljar_model::event::{Source, StepReport, ToolReport};

use crate::style::{Style, Tone};
use crate::{sanitize, text};

/// How much of a command line is shown, in characters.
const WIDEST: usize = 72;

/// Renders the runs of tools of an execution, one line each; empty if it ran none.
///
/// ```text
///   tier    t1, stateful
///   tool    cargo fmt --all --check  exit code 0, executed in 1.20s
/// ```
pub fn render(report: &StepReport, style: &Style) -> String {
    let mut lines = String::new();
    let kind = |kind: &str| style.paint(Tone::Strong, &format!("{kind:8}"));
    if let Some(isolation) = &report.isolation {
        lines.push_str(&format!("  {}{}", kind("tier"), isolation));
        for (what, names) in [("state", &isolation.state), ("network", &isolation.network)] {
            if !names.is_empty() {
                lines.push_str(&format!("; {what} {}", sanitize::line(&names.join(", "))));
            }
        }
        lines.push('\n');
    }
    for tool in &report.tools {
        lines.push_str(&format!("  {}{}\n", kind("tool"), line(tool)));
    }
    style.finish(lines)
}

fn line(tool: &ToolReport) -> String {
    let mut command =
        std::iter::once(&tool.tool).chain(&tool.args).cloned().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = command.char_indices().nth(WIDEST) {
        command.truncate(cut);
        command.push('…');
    }
    let label = if tool.label.is_empty() { String::new() } else { format!("[{}] ", tool.label) };
    let from = match tool.source {
        Source::Executed => format!("executed in {}", text::duration_us(tool.cost.wall_us)),
        Source::ExactHit | Source::ObservedHit => "cached".to_owned(),
    };
    let what = format!("{label}{command}");
    format!("{}  exit code {}, {from}", sanitize::line(&what), tool.code)
}

#[cfg(test)]
mod tests {
    use belljar_model::event::Status;
    use belljar_model::tool::ToolCost;
    use belljar_model::{ActionDigest, Isolation, Tier};
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::{CI, HOSTILE, assert_harmless, report};

    fn ran(label: &str, args: &[&str], source: Source) -> ToolReport {
        ToolReport {
            tool: "cargo".to_owned(),
            label: label.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            action: ActionDigest::from_bytes([1; 32]),
            source,
            code: 0,
            isolation: Isolation { tier: Tier::T1, state: vec![], network: vec![] },
            cost: ToolCost { wall_us: 1_200_000, ..ToolCost::default() },
        }
    }

    #[test]
    fn each_run_has_its_line_under_the_tier() {
        let mut report = report("s", Status::Passed, None);
        assert_eq!(render(&report, &Style::plain()), "");
        let (state, network) = (vec!["target".to_owned()], vec!["example.org:443".to_owned()]);
        report.isolation = Some(Isolation { tier: Tier::T2, state, network });
        report.tools = vec![
            ran("", &["fmt", "--check"], Source::Executed),
            ran("core", &["test", &"x".repeat(99)], Source::ExactHit),
        ];
        assert_snapshot!(render(&report, &Style::plain()), @"
          tier    t2, stateful, not hermetic; state target; network example.org:443
          tool    cargo fmt --check  exit code 0, executed in 1.20s
          tool    [core] cargo test xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…  exit code 0, cached
        ");
    }

    #[test]
    fn nothing_of_a_tool_moves_the_cursor() {
        belljar_cases::case!("G01");
        let mut report = report("s", Status::Passed, None);
        report.tools = vec![ran(HOSTILE, &[HOSTILE], Source::Executed)];
        assert_harmless(&render(&report, &CI));
    }
}
