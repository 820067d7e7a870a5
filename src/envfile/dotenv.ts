/** Variables as a new dotenv file. What dotenv 18 reads from it is exactly what was given, byte for byte. */
import { ZvaultError } from "../errors.ts";
import { spellLine } from "./spelling.ts";
import { toBytes } from "./text.ts";

/** `values`: as byte texts. Throws `usage` that names all that no dotenv file can hold. */
export function printDotenv(values: ReadonlyMap<string, string>): Uint8Array {
  const wrong: string[] = [];
  const lines: string[] = [];
  for (const [name, value] of values) {
    const line = /^[\w.-]+$/.test(name) && name !== "__proto__" ? spellLine(name, value) : undefined;
    if (line === undefined) wrong.push(name);
    else lines.push(`${line}\n`);
  }
  if (wrong.length === 0) return toBytes(lines.join(""));
  throw new ZvaultError("usage", `a dotenv file cannot hold the value of ${wrong.join(", ")}`, {
    hint: "it has all kinds of quotes and a line end, or a carriage return; a program gets it by zvault run, as a file by run --file",
    names: wrong,
  });
}
