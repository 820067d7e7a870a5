import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { type Given, ZvaultCommand } from "../../cli/base.ts";
import { classFlags, name, presenceFlags, presenceOf } from "../../cli/flags.ts";
import { generateOf, readValue } from "../../cli/value.ts";
import { ZvaultError } from "../../errors.ts";
import { parsePath } from "../../path.ts";

export default class KvPut extends ZvaultCommand {
  static override person = ({ flags }: Given) => flags["generate"] === undefined;
  static override summary = "write a new version at a path";
  static override usage = ["PATH [-|@FILE]", "PATH FIELD=-|@FILE …", "PATH --generate KIND"];
  static override description =
    "\nValues come from stdin (-), files (@FILE) or are typed unseen; FIELD= alone asks for that field.";
  static override examples = [
    "zvault kv put env/shop/API_KEY",
    "zvault kv put app/db user=@user.txt password=",
    "zvault kv put app/token --generate base64:32",
  ];
  static override strict = false;
  static override args = {
    path: name("where: env/shop/NAME"),
    value: Args.string({ description: "-, @FILE, or FIELD= with one of them", multiple: true, ignoreStdin: true }),
  };
  static override flags = {
    cas: Flags.integer({ description: "only if this is the current version; 0: only if it is new", helpValue: "N", min: 0 }),
    generate: Flags.string({ description: "make it: hex:32, base64:32, uuid, alnum:24", helpValue: "KIND" }),
    ...classFlags,
    ...presenceFlags,
  };

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(KvPut);
    const [typed = "", ...words] = argv.map(String);
    const path = parsePath(typed);
    const generate = flags.generate === undefined ? undefined : generateOf(flags.generate);
    if (generate && words.length > 0) throw new ZvaultError("usage", "--generate makes the value; there is no other one");
    const session = this.session(flags);
    session.vault();
    await session.client();
    const { fields, body } = generate ? { fields: [], body: [] } : await valuesOf(words, path);
    try {
      const { result } = await session.ask(
        "kv.put",
        {
          path,
          ...(fields.length === 0 ? {} : { fields }),
          ...(flags.cas === undefined ? {} : { cas: flags.cas }),
          ...(generate ? { generate } : {}),
          ...(flags.class === undefined ? {} : { class: flags.class }),
          ...(flags.audience === undefined ? {} : { audience: flags.audience }),
          ...(flags.description === undefined ? {} : { description: flags.description }),
        },
        { body, presence: presenceOf(flags), what: `Write ${path}` },
      );
      this.print(flags, { path, ...result }, () => `${path}: version ${result.version}${result.created ? ", new" : ""}`);
    } finally {
      for (const part of body) part.fill(0);
    }
  }
}

/** No FIELD at all: one value without a field name. */
async function valuesOf(words: readonly string[], path: string): Promise<{ fields: string[]; body: Uint8Array[] }> {
  const [first] = words;
  if (first === undefined || first === "-" || first.startsWith("@")) {
    if (words.length > 1) throw new ZvaultError("usage", "several values need names: FIELD=@FILE");
    return { fields: [], body: [await readValue(first, path)] };
  }
  const fields: string[] = [];
  const body: Uint8Array[] = [];
  for (const word of words) {
    const found = /^([A-Za-z0-9._-]{1,128})=(-|@[\s\S]+)?$/.exec(word);
    // what does not fit may be a value: it is not echoed
    if (!found?.[1])
      throw new ZvaultError("usage", "a value is never an argument: FIELD=- (stdin), FIELD=@FILE, or FIELD= to be asked", {
        hint: "zvault kv put --help",
      });
    if (fields.includes(found[1])) throw new ZvaultError("usage", `the field ${found[1]} is given twice`);
    fields.push(found[1]);
    body.push(await readValue(found[2], found[1]));
  }
  return { fields, body };
}
