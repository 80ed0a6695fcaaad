//! Tests of what an import is to this host.

use super::*;

#[test]
fn an_import_is_pure_ambient_a_power_or_unknown() {
    let check = |name: &str, expected: Standing| {
        assert_eq!(standing(World::Step, name), expected, "{name}");
    };
    check("belljar:step/inputs@0.1.0", Standing::Offered);
    check("belljar:step/inputs@0.1.7", Standing::Offered);
    check("belljar:step/tool@0.1.0", Standing::Offered);
    check("belljar:step/secrets@0.1.0", Standing::Offered);
    check("belljar:step/secrets-reveal@0.1.0", Standing::Offered);
    check("belljar:step/fetch@0.1.0", Standing::Power);
    check("belljar:step/http@0.1.0", Standing::Power);
    check("belljar:step/other@0.1.0", Standing::Unknown(None));
    let hint = "built for 0.2.0, this host offers 0.1.0".to_owned();
    check("belljar:step/inputs@0.2.0", Standing::Unknown(Some(hint)));
    check("wasi:io/streams@0.2.6", Standing::Ambient);
    check("wasi:clocks/timezone@0.2.6", Standing::Unknown(None));
    let hint = "WASI 0.3.0, this host offers WASI 0.2".to_owned();
    check("wasi:cli/stdout@0.3.0", Standing::Unknown(Some(hint)));
    check("wasi:sockets/tcp@0.2.6", Standing::Power);
    check("wasi:http/outgoing-handler@0.2.0", Standing::Power);
    check("env", Standing::Unknown(None));
    check("a:b/c", Standing::Unknown(None));
}

#[test]
fn a_plugin_that_deploys_is_offered_ways_out_instead_of_what_steps_have() {
    let check = |name: &str, expected: Standing| {
        assert_eq!(standing(World::Deploy, name), expected, "{name}");
    };
    check("belljar:step/inputs@0.1.0", Standing::Offered);
    check("belljar:step/http@0.1.0", Standing::Offered);
    check("belljar:step/storage@0.1.0", Standing::Offered);
    check("belljar:step/effect-tool@0.1.0", Standing::Offered);
    check("belljar:step/outputs@0.1.0", Standing::OfSteps);
    check("belljar:step/report@0.1.0", Standing::OfSteps);
    check("belljar:step/tool@0.1.0", Standing::OfSteps);
    check("belljar:step/secrets-reveal@0.1.0", Standing::Power);
    check("wasi:sockets/tcp@0.2.6", Standing::Power);
    let hint = "built for 0.2.0, this host offers 0.1.0".to_owned();
    check("belljar:step/http@0.2.0", Standing::Unknown(Some(hint)));
    check("wasi:io/streams@0.2.6", Standing::Ambient);
}
