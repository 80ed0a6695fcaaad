//! Modules and components, put together byte by byte as no toolchain would.

/// The first bytes of a component.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
/// The first bytes of a core module.
const CORE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// The section of a component that holds a core module.
const CORE_MODULE: u8 = 1;
/// Sections of a core module.
const TYPES: u8 = 1;
const IMPORTS: u8 = 2;
const FUNCTIONS: u8 = 3;
const START: u8 = 8;
const ELEMENTS: u8 = 9;
const CODE: u8 = 10;
const DATA_COUNT: u8 = 12;
/// The type of a function that takes and returns nothing.
const NOTHING: [u8; 3] = [0x60, 0, 0];
/// A function that never returns: `loop br 0 end`.
const ENDLESS: [u8; 7] = [0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b];

/// A core module, as its sections.
pub(crate) struct Module(Vec<(u8, Vec<u8>)>);

impl Module {
    /// Functions with these bodies, which take and return nothing.
    pub(crate) fn of(bodies: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let (mut count, mut code) = (0, Vec::new());
        for body in bodies {
            count += 1;
            sized(&body, &mut code);
        }
        let vector = |items: &[u8]| {
            let mut bytes = Vec::new();
            number(count, &mut bytes);
            bytes.extend_from_slice(items);
            bytes
        };
        let functions = vector(&vec![0; count as usize]);
        let types = [&[1][..], &NOTHING].concat();
        Self(vec![(TYPES, types), (FUNCTIONS, functions), (CODE, vector(&code))])
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = CORE.to_vec();
        for (kind, content) in &self.0 {
            bytes.push(*kind);
            sized(content, &mut bytes);
        }
        bytes
    }

    fn section(&mut self, kind: u8) -> &mut Vec<u8> {
        let found = self.0.iter_mut().find(|(of, _)| *of == kind);
        &mut found.expect("the module has such a section").1
    }

    /// Adds an item to the list that a section is, and returns its place there.
    fn add(&mut self, kind: u8, item: &[u8]) -> u32 {
        let section = self.section(kind);
        let mut at = 0;
        let count = read(section, &mut at);
        let mut longer = Vec::new();
        number(count + 1, &mut longer);
        longer.extend_from_slice(&section[at..]);
        longer.extend_from_slice(item);
        *section = longer;
        count
    }

    /// How many functions it imports; this knows no other imports.
    fn imported(&mut self) -> u32 {
        let section = self.section(IMPORTS);
        let mut at = 0;
        let count = read(section, &mut at);
        for _ in 0..count {
            for _ in 0..2 {
                at += read(section, &mut at) as usize;
            }
            assert_eq!(section[at], 0, "only functions are imported");
            at += 1;
            read(section, &mut at);
        }
        count
    }
}

/// A component that holds nothing but a core module.
pub(crate) fn component(module: &[u8]) -> Vec<u8> {
    let mut bytes = COMPONENT.to_vec();
    bytes.push(CORE_MODULE);
    sized(module, &mut bytes);
    bytes
}

/// The component with a start function in its largest module, which never returns.
pub(crate) fn with_start(bytes: &[u8]) -> Vec<u8> {
    let parts = sections(bytes);
    let modules = parts.iter().filter(|(kind, _)| *kind == CORE_MODULE);
    let largest = modules.map(|(_, inner)| inner.len()).max().expect("it has a module");
    let mut out = bytes[..8].to_vec();
    for (kind, mut inner) in parts {
        if kind == CORE_MODULE && inner.len() == largest {
            let mut module = Module(sections(&inner));
            let of = module.add(TYPES, &NOTHING);
            let mut of_type = Vec::new();
            number(of, &mut of_type);
            let place = module.imported() + module.add(FUNCTIONS, &of_type);
            let mut body = Vec::new();
            sized(&ENDLESS, &mut body);
            module.add(CODE, &body);
            let mut start = Vec::new();
            number(place, &mut start);
            let at =
                module.0.iter().position(|(kind, _)| [ELEMENTS, DATA_COUNT, CODE].contains(kind));
            module.0.insert(at.expect("it has code"), (START, start));
            inner = module.bytes();
        }
        out.push(kind);
        sized(&inner, &mut out);
    }
    out
}

/// The sections behind the first eight bytes.
fn sections(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (mut at, mut found) = (8, Vec::new());
    while at < bytes.len() {
        let kind = bytes[at];
        at += 1;
        let size = read(bytes, &mut at) as usize;
        found.push((kind, bytes[at..at + size].to_vec()));
        at += size;
    }
    found
}

/// Reads a number in LEB128.
fn read(bytes: &[u8], at: &mut usize) -> u32 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// Writes a number in LEB128.
pub(crate) fn number(mut value: u32, to: &mut Vec<u8>) {
    while value >= 0x80 {
        to.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    to.push(u8::try_from(value).expect("seven bits"));
}

fn sized(content: &[u8], to: &mut Vec<u8>) {
    number(u32::try_from(content.len()).expect("it is small"), to);
    to.extend_from_slice(content);
}
