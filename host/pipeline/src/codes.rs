//! The codes of all that can be wrong with a pipeline file. Each has a page in `docs/errors`.

use belljar_model::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code::new($text);)*

        /// All codes of this crate.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// The text is no TOML.
    NO_TOML = "E0101";
    /// A key that does not exist.
    UNKNOWN_KEY = "E0102";
    /// A value of the wrong type.
    WRONG_TYPE = "E0103";
    /// A file for a newer program.
    NEWER_SCHEMA = "E0104";
    /// A file that matches nothing or cannot be read.
    UNREADABLE = "E0105";
    /// A file that includes itself, perhaps through others.
    INCLUDE_CYCLE = "E0106";
    /// A variable that does not exist.
    UNKNOWN_VARIABLE = "E0107";
    /// `${` without its `}`.
    UNCLOSED_VARIABLE = "E0108";
    /// Not a duration.
    BAD_DURATION = "E0109";
    /// Not a size or a count.
    BAD_SIZE = "E0110";
    /// A limit of zero.
    ZERO_LIMIT = "E0111";
    /// A pattern that is no valid glob or path.
    BAD_PATTERN = "E0112";
    /// A path that leaves the workspace.
    OUTSIDE_WORKSPACE = "E0113";
    /// A value that a plugin's configuration cannot hold.
    NO_JSON_FORM = "E0114";
    /// A grant of a kind that does not exist.
    UNKNOWN_GRANT = "E0115";
    /// A grant of something that cannot be.
    BAD_GRANT = "E0116";
    /// A plugin whose source is not understood.
    BAD_PLUGIN_SOURCE = "E0117";
    /// A tool that is not said to be one thing.
    BAD_TOOL_SOURCE = "E0119";
    /// A native tool at a place where none can be.
    BAD_TOOL_PATH = "E0120";
    /// Something that has no meaning for a tool that is WebAssembly.
    MEANINGLESS_FOR_WASM = "E0121";
    /// A state folder at a place where none can be.
    BAD_STATE_PATH = "E0122";
    /// Not a host with its port.
    BAD_HOST = "E0123";
    /// Not a tier.
    UNKNOWN_TIER = "E0124";
    /// A part of a tool's declaration that cannot be.
    BAD_TOOL_PART = "E0125";
    /// Not a public key.
    BAD_KEY = "E0126";
    /// Not the e-mail address of an author.
    BAD_AUTHOR = "E0127";
    /// A secret whose source is not understood.
    BAD_SECRET_SOURCE = "E0128";
    /// Not a storage.
    BAD_STORAGE = "E0129";
    /// A gate or a monitor whose numbers contradict each other.
    BAD_GATE = "E0130";
    /// Not a point in time, or a freeze that ends before it begins.
    BAD_TIME = "E0131";
    /// A ledger that cannot be.
    BAD_LEDGER = "E0132";
    /// Approvals that nobody could understand in one way only.
    BAD_APPROVALS = "E0133";
    /// Nothing that can be done about an ill release.
    UNKNOWN_REACTION = "E0134";
    /// A lock file that is no TOML.
    LOCK_NO_TOML = "E0140";
    /// A part of a lock file that cannot be.
    BAD_LOCK = "E0141";
    /// A lock file for a newer program.
    NEWER_LOCK = "E0142";
    /// Two plugins with names that look alike.
    LOOK_ALIKE = "E0143";
    /// A secret that a plugin needs, and a step is not granted.
    STEP_MISSING_SECRET = "E0145";
    /// A secret granted to a step whose plugin does not ask for it.
    UNWANTED_SECRET = "E0146";
    /// A secret that a step is granted, and could see without the grant, too.
    OPEN_SECRET = "E0147";
    /// A step that `needs` names, but nobody declares.
    UNKNOWN_STEP = "E0201";
    /// A name that cannot be.
    BAD_NAME = "E0202";
    /// Steps that need each other.
    CYCLE = "E0203";
    /// A step that needs itself.
    SELF_NEED = "E0204";
    /// A name given twice.
    DUPLICATE_NAME = "E0205";
    /// A step without a plugin.
    MISSING_USES = "E0206";
    /// A plugin that nobody declares.
    UNKNOWN_PLUGIN = "E0207";
    /// A template that nobody declares.
    UNKNOWN_TEMPLATE = "E0208";
    /// Templates that extend each other.
    TEMPLATE_CYCLE = "E0209";
    /// Two steps that write to the same place.
    SHARED_OUTPUT = "E0210";
    /// A step that reads what another makes, without waiting for it.
    UNORDERED_INPUT = "E0211";
    /// A plugin that no step uses.
    UNUSED_PLUGIN = "E0212";
    /// A template that nothing extends.
    UNUSED_TEMPLATE = "E0213";
    /// A variable that nothing mentions.
    UNUSED_VARIABLE = "E0214";
    /// An entry that becomes no step at all.
    EMPTY_EXPANSION = "E0215";
    /// A pipeline without steps.
    NO_STEPS = "E0216";
    /// A step asked for that does not exist.
    UNKNOWN_STEP_ASKED = "E0217";
    /// An entry that becomes too many steps.
    TOO_MANY_STEPS = "E0218";
    /// A tool that nobody declares.
    UNKNOWN_TOOL = "E0219";
    /// Tools that start each other.
    TOOL_CYCLE = "E0220";
    /// A tool that no step is granted and no other tool uses.
    UNUSED_TOOL = "E0221";
    /// A grant for tools in a step without such a tool.
    IDLE_GRANT = "E0222";
    /// An environment that nobody declares.
    UNKNOWN_ENVIRONMENT = "E0223";
    /// Environments that need each other.
    ENVIRONMENT_CYCLE = "E0224";
    /// A secret that nobody declares.
    UNKNOWN_SECRET = "E0225";
    /// An approver or a group that nobody declares.
    UNKNOWN_APPROVER = "E0226";
    /// A key that two approvers have.
    SHARED_KEY = "E0227";
    /// More approvals than there are people who could give them.
    TOO_FEW_APPROVERS = "E0228";
    /// A secret that no step and no environment uses.
    UNUSED_SECRET = "E0229";
    /// An approver whom no environment asks.
    UNUSED_APPROVER = "E0230";
    /// A step with a plugin that deploys.
    STEP_WITH_EFFECTS = "E0231";
    /// An environment with a plugin that does not deploy.
    NO_DEPLOYER = "E0232";
    /// An environment to which nothing is shipped.
    NOTHING_SHIPPED = "E0233";
    /// A secret that a plugin needs, and an environment does not grant.
    MISSING_SECRET = "E0234";
    /// A host that a plugin needs, and an environment does not grant.
    MISSING_HOST = "E0235";
    /// A key that the plugin does not know.
    UNKNOWN_CONFIG_KEY = "E0308";
    /// A configuration that the plugin does not accept.
    BAD_CONFIG = "E0309";
    /// A plugin whose own schema is broken.
    BAD_CONFIG_SCHEMA = "E0310";
    /// A tool that a plugin needs, and a step is not granted.
    MISSING_TOOL = "E0314";
    /// A tool granted to a step whose plugin runs none.
    UNWANTED_TOOL = "E0315";
}
