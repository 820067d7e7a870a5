/** Files that are read line by line: Makefile, Dockerfile, shell scripts, .envrc, Procfile, workflows, Python. Shown, never changed. */
import { folderOf, type Imported, isImported, join, longestLine, type Reader, type Source, usual } from "./reader.ts";
import { applyEdits, readersIn } from "./script.ts";

type Hit = { reads: string[]; needs: boolean; put?: string; note?: string; setsNodeEnv?: true };
type Look = (line: string, folder: string, imported: Imported) => Hit[];

const dotenvName = String.raw`\.env(?:\.[\w.-]+)?`;
const path = String.raw`(?:[\w./-]*/)?${dotenvName}`;

/** Where a line of each kind of file looks. */
const looks: [RegExp, Look][] = [
  [/(^|\/)((GNU)?[Mm]akefile|[^/]+\.mk)$/, makefile],
  [/(^|\/)((Docker|Container)file([.-][^/]*)?|[^/]+\.[Dd]ockerfile)$/, dockerfile],
  [/(^|\/)\.envrc$/, envrc],
  [/(^|\/)Procfile([.-][^/]*)?$/, procfile],
  [/(^|\/)[Jj]ustfile$/, justfile],
  [/(^|\/)\.github\/workflows\/[^/]+\.ya?ml$/, workflow],
  [/\.py$/, python],
  [/(\.(sh|bash|zsh|ksh)|(^|\/)(scripts|bin)\/[^/.]+|(^|\/)[Tt]askfile(\.dist)?\.ya?ml|\/tasks\.json)$/, shell],
];

export function isLineFile(file: string): boolean {
  return looks.some(([names]) => names.test(file));
}

export function lineReaders(source: Source, imported: Imported): Reader[] {
  const look = looks.find(([names]) => names.test(source.file))?.[1];
  if (!look) return [];
  const places = placesOf(source.file);
  return source.text.split("\n").flatMap((text, at) => {
    const line = text.replace(/\r$/, "");
    if (line.length > longestLine) return [];
    if (!line.includes("env") && look !== procfile) return [];
    if (/^\s*(#|\/\/)/.test(line)) return [];
    for (const place of places) {
      const found = look(line, place, imported).flatMap((hit): Reader[] => {
        const reads = hit.reads.map((one) => join(place, one)).filter((one) => isImported(imported, one));
        if (reads.length === 0) return [];
        const { reads: _, ...more } = hit;
        return [{ file: source.file, line: at + 1, what: line.trim(), ...more, reads }];
      });
      if (found.length > 0) return found;
    }
    return [];
  });
}

/** Where the lines of a file run: workflows and an editor's tasks at the top, scripts in the folder above or in their own. */
function placesOf(file: string): string[] {
  const folder = folderOf(file);
  if (/(^|\/)\.github\/workflows\//.test(file)) return [join(folder, "../..")];
  if (/(^|\/)\.vscode\//.test(file)) return [join(folder, "..")];
  return /(^|\/)(scripts|bin)\/[^/]+$/.test(file) ? [join(folder, ".."), folder] : [folder];
}

function shell(line: string, folder: string, imported: Imported): Hit[] {
  const found = readersIn(line.replace(/^\s*-?\s*(run|cmd|command):\s*/, ""), folder, imported);
  if (found.length > 0) {
    return found.map(({ reads, needs, note, edits, setsNodeEnv }) => {
      const put = edits === undefined ? undefined : applyEdits(line.trim(), shifted(edits, line));
      return {
        reads,
        needs,
        ...(put === undefined || note !== undefined ? {} : { put }),
        ...(note === undefined ? {} : { note }),
        ...(setsNodeEnv ? { setsNodeEnv } : {}),
      };
    });
  }
  const sourced = new RegExp(String.raw`(?:^|[\s;&({])(?:source|\.)\s+["']?(?:\$\w+/|\$\{[^}]*\}/|\$\([^)]*\)/)?(${path})\b`).exec(
    line,
  )?.[1];
  const piped = new RegExp(String.raw`\b(?:cat|grep|sed|awk|xargs)\b[^|]*?["'\s](${path})(?=["'\s|)]|$)`).exec(line)?.[1];
  const read = sourced ?? (/\b(export|xargs|eval|set -a|env)\b/.test(line) ? piped : undefined);
  if (read === undefined) return [];
  return [{ reads: [read], needs: true, note: "take it out, and start the whole by: zvault run -- …" }];
}

function shifted(
  edits: readonly { start: number; end: number; text: string }[],
  line: string,
): { start: number; end: number; text: string }[] {
  const offset = line.length - line.replace(/^\s*-?\s*(run|cmd|command):\s*/, "").length - (line.length - line.trimStart().length);
  return edits.map((edit) => ({ ...edit, start: edit.start + offset, end: edit.end + offset }));
}

function makefile(line: string, folder: string, imported: Imported): Hit[] {
  const [, dash, files] = /^(-|s)?include\s+(.*)$/.exec(line) ?? [];
  if (files !== undefined) {
    const reads = files.split(/\s+/).filter((one) => new RegExp(`^${path}$`).test(one));
    return [{ reads, needs: dash === undefined, note: "take it out: zvault run -- make …, its variables are make's, too" }];
  }
  return line.startsWith("\t")
    ? shell(line.replace(/^\t[@+-]*/, ""), folder, imported)
    : shell(line, folder, imported).filter((hit) => hit.note !== undefined);
}

function dockerfile(line: string): Hit[] {
  const [, words = ""] = /^\s*(?:COPY|ADD)\s+(.*)$/i.exec(line) ?? [];
  const all = words
    .replace(/^\[|\]$/g, "")
    .split(/[\s,]+/)
    .map((word) => word.replace(/^"|"$/g, ""))
    .filter((word) => word !== "" && !word.startsWith("--"));
  const reads = all.slice(0, -1).filter((word) => new RegExp(`^(?:\\./)?${path}$`).test(word));
  if (reads.length === 0) return [];
  return [
    {
      reads,
      needs: true,
      note: "an image that holds the file shows it to everybody who has the image: take it out, give the values when it runs (-e NAME)",
    },
  ];
}

function envrc(line: string): Hit[] {
  const [, word, maybe, given] = /^\s*(dotenv(_if_exists)?)(?:\s+["']?([\w./-]+)["']?)?\s*$/.exec(line) ?? [];
  if (word !== undefined) {
    const read = given ?? ".env";
    return [
      { reads: [read], needs: maybe === undefined, put: `${word} ${read}.zvault`, note: "references; `zvault run` resolves them" },
    ];
  }
  const sourced = new RegExp(String.raw`^\s*(?:source_env(?:_if_exists)?|source|\.|env_vars_required)\s+["']?(${path})`).exec(
    line,
  )?.[1];
  return sourced === undefined
    ? []
    : [{ reads: [sourced], needs: true, put: `dotenv ${sourced}.zvault`, note: "references; `zvault run` resolves them" }];
}

/** One line is enough: foreman and its kin read `.env` for all processes. */
function procfile(line: string): Hit[] {
  const first = /^([\w-]+):\s*(\S.*)$/.exec(line);
  return first ? [{ reads: [".env"], needs: false, note: "foreman, honcho, overmind read .env: zvault run -- foreman start" }] : [];
}

function justfile(line: string, folder: string, imported: Imported): Hit[] {
  if (/^\s*set\s+dotenv-load(\s*:=\s*true)?\s*$/.test(line)) {
    return [{ reads: [".env"], needs: false, note: "fine: variables that are set win; zvault run -- just …" }];
  }
  return shell(line, folder, imported);
}

function workflow(line: string, folder: string, imported: Imported): Hit[] {
  const copied = new RegExp(String.raw`\b(?:cp|mv|ln)\b.*?(${path})\s+["']?(${path})["']?\s*$`).exec(line);
  if (copied?.[2] !== undefined) {
    return [
      {
        reads: [copied[2]],
        needs: false,
        note: "a job's own file; where it needs real values: zvault run, with variables from the job's secrets",
      },
    ];
  }
  const written = new RegExp(String.raw`>>?\s*["']?(${path})["']?\s*$`).exec(line)?.[1];
  if (written !== undefined)
    return [{ reads: [written], needs: false, note: "a job's own file: set the variables by `env:` instead" }];
  return shell(line, folder, imported);
}

function python(line: string, folder: string, imported: Imported): Hit[] {
  const call = /\b(load_dotenv|dotenv_values|read_env|read_envfile|RepositoryEnv|SettingsConfigDict|find_dotenv)\s*\((.*)$/.exec(
    line,
  );
  const field = /\benv_file\s*=\s*(.*)$/.exec(line);
  if (!call && !field) return [];
  const given = new RegExp(String.raw`["'](${path})["']`).exec(call?.[2] ?? field?.[1] ?? "")?.[1]?.replace(/^.*\//, "");
  const names = usual(imported.get(folder) ?? []);
  // settings.py lies one folder down from manage.py and the .env
  const above = usual(imported.get(join(folder, "..")) ?? []).map((name) => `../${name}`);
  const reads =
    given === undefined
      ? [...names.filter((name) => name === ".env"), ...above.filter((name) => name === "../.env")].slice(0, 1)
      : [given, `../${given}`];
  const only = call?.[1] === "dotenv_values" || call?.[1] === "RepositoryEnv";
  const override = /override\s*=\s*True/.test(line);
  const note = only
    ? "reads the file alone: take the values from os.environ"
    : override
      ? "fine once the file is gone: nothing overrides what is set"
      : "fine: variables that are set win";
  return [{ reads, needs: only, note }];
}
