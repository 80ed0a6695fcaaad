//! Components that no toolchain would make.

/// The first bytes of a component.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
/// The section of a component that holds a core module.
const MODULE: u8 = 1;
/// The section of a component that holds another component.
const INNER: u8 = 4;

/// A component from its text.
pub(crate) fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).expect("the text is right")
}

/// Empty components in each other.
pub(crate) fn nested(levels: usize) -> Vec<u8> {
    (0..levels).fold(COMPONENT.to_vec(), |inner, _| {
        let mut outer = COMPONENT.to_vec();
        section(INNER, &inner, &mut outer);
        outer
    })
}

/// The component with another section of this number in its largest module.
pub(crate) fn with_section(bytes: &[u8], number: u8, content: &[u8]) -> Vec<u8> {
    let parts = sections(bytes);
    let modules = parts.iter().filter(|(kind, _)| *kind == MODULE);
    let largest = modules.map(|(_, inner)| inner.len()).max().expect("it has a module");
    let mut out = bytes[..8].to_vec();
    for (kind, inner) in parts {
        if kind == MODULE && inner.len() == largest {
            let mut module = inner[..8].to_vec();
            for (kind, old) in sections(inner) {
                section(kind, if kind == number { content } else { old }, &mut module);
            }
            section(kind, &module, &mut out);
        } else {
            section(kind, inner, &mut out);
        }
    }
    out
}

/// The sections behind the first eight bytes.
fn sections(bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let (mut at, mut found) = (8, Vec::new());
    while at < bytes.len() {
        let kind = bytes[at];
        let (mut size, mut shift) = (0, 0);
        loop {
            at += 1;
            size |= usize::from(bytes[at] & 0x7f) << shift;
            shift += 7;
            if bytes[at] < 0x80 {
                break;
            }
        }
        at += 1;
        found.push((kind, &bytes[at..at + size]));
        at += size;
    }
    found
}

fn section(kind: u8, content: &[u8], to: &mut Vec<u8>) {
    to.push(kind);
    let mut size = content.len();
    while size >= 0x80 {
        to.push(u8::try_from(size & 0x7f).expect("seven bits") | 0x80);
        size >>= 7;
    }
    to.push(u8::try_from(size).expect("seven bits"));
    to.extend_from_slice(content);
}
