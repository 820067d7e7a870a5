import * as Flags from "@oclif/core/flags";
import type { Calls } from "../calls.ts";
import type { ImportEntry, PutOptions } from "../calls/kv.ts";
import { type Given, ZvaultCommand } from "../cli/base.ts";
import { addLine } from "../cli/env-line.ts";
import { classFlags, fileFlags, filesOf, maybe, name } from "../cli/flags.ts";
import { Project, type Target } from "../cli/project.ts";
import type { Session } from "../cli/session.ts";
import { checkSource, generateOf, readValue } from "../cli/value.ts";
import { ZvaultError } from "../errors.ts";
import { folderIn } from "../folder.ts";

export default class Set extends ZvaultCommand {
  static override person = ({ flags }: Given) => flags["generate"] === undefined;
  static override summary = "give a name a new value, typed unseen";
  static override usage = ["NAME [-|@FILE]", "NAME --generate KIND"];
  static override description = `
The value is typed unseen, read from stdin (-) or a file (@FILE), or made inside the agent (--generate), so that nobody needs
to know it. It is never an argument. A new name gets its line in .env.zvault. The value before stays: zvault undo NAME`;
  static override examples = [
    "zvault set STRIPE_KEY",
    "zvault set SESSION_SECRET --generate hex:32",
    "zvault set TLS_KEY @server.pem",
    'printf %s "$TOKEN" | zvault set CI_TOKEN -',
    "zvault set DATABASE_URL -e production",
  ];
  static override args = {
    name: name("variable of the project, or a path"),
    source: maybe("- for stdin, @FILE for a file; asked for without it"),
  };
  static override flags = {
    generate: Flags.string({ description: "make it: hex:32, base64:32, uuid, alnum:24", helpValue: "KIND" }),
    "if-version": Flags.integer({
      description: "only if this is the current version; 0: only if it is new",
      helpValue: "N",
      min: 0,
    }),
    ...classFlags,
    ...fileFlags,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Set);
    const generate = flags.generate === undefined ? undefined : generateOf(flags.generate);
    if (generate && args.source !== undefined) throw new ZvaultError("usage", "--generate makes the value; there is no other one");
    checkSource(args.source);
    const session = this.session(flags);
    const project = await Project.open(session, { ...filesOf(flags), fresh: true });
    const target = project.own(args.name);
    if (target.ref.version !== undefined) throw new ZvaultError("usage", "a version cannot be written; leave ?version= out");
    const value = generate ? undefined : await readValue(args.source, args.name);
    try {
      const about = {
        ...(flags.class === undefined ? {} : { class: flags.class }),
        ...(flags.audience === undefined ? {} : { audience: flags.audience }),
        ...(flags.description === undefined ? {} : { description: flags.description }),
      };
      const first = !project.bound && target.name !== undefined && target.ref.path.startsWith(`env/${project.slug}/`);
      if (first) await bind(session, project, value ? [{ path: target.ref.path, ...about }] : [], value ? [value] : []);
      const result =
        first && value
          ? { version: 1, created: true }
          : await put(session, target, { ...about, generate, cas: flags["if-version"] }, value);
      const added =
        target.name === undefined || target.place !== undefined
          ? undefined
          : await addLine(project, session.vault().id, target.name, target.ref.path);
      this.print(flags, { path: target.ref.path, version: result.version, created: result.created, line: added ?? null }, () => [
        `${args.name}: version ${result.version}${result.created ? ", new" : ""}${generate ? ", made here; nobody has seen it" : ""}`,
        ...(added === undefined ? [] : [`${added}: + ${args.name}`]),
      ]);
    } finally {
      value?.fill(0);
    }
  }
}

type Put = PutOptions & { generate?: { kind: string; length: number } | undefined; cas?: number | undefined };

async function put(
  session: Session,
  { ref }: Target,
  { generate, cas, ...about }: Put,
  value: Uint8Array | undefined,
): Promise<Calls["kv.put"]["result"]> {
  const asked = {
    path: ref.path,
    ...(ref.field === undefined ? {} : { fields: [ref.field] }),
    ...(cas === undefined ? {} : { cas }),
    ...(generate ? { generate } : {}),
    ...about,
  };
  return (await session.ask("kv.put", asked, { ...(value ? { body: [value] } : {}), presence: {}, what: `Write ${ref.path}` }))
    .result;
}

/** The first name of a project binds its slug to its folder, so that `run` may use it there; with its value in one transaction. */
async function bind(session: Session, project: Project, entries: ImportEntry[], body: Uint8Array[]): Promise<void> {
  const folder = folderIn(session.vault(), project.folder);
  const asked = { project: project.slug, folder, bind: true, entries, layouts: [] };
  const expect = Object.fromEntries(entries.map((entry) => [entry.path, 0]));
  await session.ask("kv.import", { ...asked, expect }, { body, presence: {}, what: `Bind ${project.slug} to ${project.folder}` });
}
