// Prints what each component imports, as another program reads it: file -> interface -> functions.
import { readFile } from "node:fs/promises";
import { print } from "@bytecodealliance/jco-transpile/wasm-tools";

// The component as text. What is at the left of its body, by two spaces, is its own; a type of an
// instance lists the functions that the import with this type has.
function imports(text) {
  const types = new Map();
  const found = {};
  let current = null;
  for (const line of text.split("\n")) {
    const type = line.match(/^ {2}\(type (\S+)/);
    const item = line.match(/^ {6}\(export \(;\d+;\) "([^"]+)" \(func/);
    const imported = line.match(/^ {2}\(import "([^"]+)" \((\w+) .*\(type ([^\s)]+)\)/);
    if (type) {
      current = [];
      types.set(type[1], current);
    } else if (item && current) {
      current.push(item[1]);
    } else if (imported) {
      const [, name, kind, of] = imported;
      if (kind !== "instance" || !types.has(of)) {
        throw new Error(`an import that is not understood: ${line}`);
      }
      found[name] = [...types.get(of)].sort();
    } else if (/^ {2}\(import /.test(line)) {
      throw new Error(`an import that is not understood: ${line}`);
    }
  }
  return found;
}

const all = {};
for (const file of process.argv.slice(2)) {
  all[file] = imports(await print(await readFile(file)));
}
process.stdout.write(JSON.stringify(all));
