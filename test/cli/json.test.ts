/** Every command's --json against its schema in docs/json, from a real vault. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { table } from "../../src/cli/table.ts";
import { problems, type Schema } from "../helpers/schema.ts";
import { start } from "../helpers/start.ts";
import { makePlace } from "../helpers/transcript.ts";

const docs = join(import.meta.dirname, "../../docs/json");
const schemaOf = (name: string) => JSON.parse(readFileSync(join(docs, `${name}.json`), "utf8")) as Schema;

/** Schema → what is typed, in this order, in one vault. */
const steps: [schema: string, command: string][] = [
  ["zvault", "zvault --json"],
  ["error", "zvault ls --json"],
  ["error", "zvault set --json"],
  ["error", "zvault nonsense --json"],
  ["init", "zvault init --key-file ../key --json"],
  ["set", "printf %s v1 | zvault set A - --json"],
  ["set", "printf %s v2 | zvault set A - --json"],
  ["ls", "zvault ls --json"],
  ["undo", "zvault undo A --json"],
  ["history", "zvault history A --json"],
  ["get", "zvault get A --reveal --json --key-file ../key"],
  ["get", "zvault get A --out ../out --json --key-file ../key"],
  ["error", "zvault get A --json"],
  ["rm", "zvault rm A --json"],
  ["status", "zvault status --json"],
  ["zvault", "zvault --json"],
  ["kv-put", "printf %s v | zvault kv put env/shop/B - --json"],
  ["kv-get", "zvault kv get env/shop/B --reveal --json --key-file ../key"],
  ["kv-list", "zvault kv list --json"],
  ["kv-metadata", "zvault kv metadata env/shop/B --description d --json"],
  ["kv-delete", "zvault kv delete env/shop/B --json"],
  ["kv-undelete", "zvault kv undelete env/shop/B --json"],
  ["kv-destroy", "zvault kv destroy env/shop/B --yes --json --key-file ../key"],
  ["access-add", "zvault access add ci --key-file ../ci --by-key-file ../key --json"],
  ["access-list", "zvault access list --json"],
  ["access-test", "zvault access test --key-file ../ci --json"],
  ["access-remove", "zvault access remove ci --yes --key-file ../key --json"],
  ["allow", "zvault allow env/x/Y --key-file ../key --json"],
  ["policy-write", `echo 'path "env/*" { capabilities = ["use"] }' | zvault policy write ops - --key-file ../key --json`],
  ["policy-fmt", `echo 'path "a" { capabilities = [] }' | zvault policy fmt - --json`],
  ["policy-list", "zvault policy list --json"],
  ["policy-read", "zvault policy read ops --json"],
  ["policy-test", "zvault policy test env/shop/B use --json"],
  ["policy-delete", "zvault policy delete ops --key-file ../key --json"],
  ["token-create", "zvault token create --policy local --json --out ../token --key-file ../key"],
  ["token-create", "zvault token create --policy local --json --reveal --key-file ../key"],
  ["token-list", "zvault token list --json"],
  ["token-lookup", "ZVAULT_TOKEN_FILE=../token zvault token lookup --json"],
  ["token-renew", "ZVAULT_TOKEN_FILE=../token zvault token renew --json"],
  ["token-revoke", "ZVAULT_TOKEN_FILE=../token zvault token revoke --yes --json"],
  ["operator-generate-root", "zvault operator generate-root --json --out ../root --key-file ../key"],
  ["approle-write", "zvault approle write ci --policy local --uses 3 --json --key-file ../key"],
  ["approle-secret-id", "zvault approle secret-id ci --json --out ../secret-id --key-file ../key"],
  ["approle-list", "zvault approle list --json"],
  ["approle-read", "zvault approle read ci --json"],
  [
    "approle-login",
    "zvault approle login --role-id $(zvault approle read ci | grep -o '[0-9a-f]\\{32\\}') --secret-id @../secret-id --json --out ../login",
  ],
  ["approle-revoke", "zvault approle revoke ci $(zvault approle read ci | grep -o '^  [0-9a-f]\\{24\\}') --json --key-file ../key"],
  ["approle-delete", "zvault approle delete ci --yes --json --key-file ../key"],
  ["operator-verify", "zvault operator verify --json"],
  ["operator-rotate", "zvault operator rotate --key-file ../key --json"],
  ["operator-compact", "zvault operator compact --key-file ../key --json"],
  ["operator-rekey", "zvault operator rekey --key-file ../key --json"],
  ["audit-verify", "zvault audit verify --json"],
  ["uses", "zvault uses A --json"],
  ["offboard", `zvault offboard "$(id -u)" --json`],
  ["audit-stats", "zvault audit stats --json"],
  ["audit-hash", "printf %s v1 | zvault audit hash - --key-file ../key --json"],
  ["audit-key", "zvault audit key --json"],
  ["audit-verify", "zvault audit key > ../pub; zvault audit verify --public-key ../pub .zvault/audit --json; true"],
  ["audit-tail", "zvault audit tail -n 1 --json"],
  ["backup-create", "zvault backup create --out ../backup --json"],
  ["backup-list", "zvault backup list --json"],
  ["transit-create", "zvault transit create k --key-file ../key --json"],
  ["transit-create", "zvault transit create s --type ed25519 --key-file ../key --json"],
  ["transit-create", "zvault transit create m --type hmac --key-file ../key --json"],
  ["transit-rotate", "zvault transit rotate k --key-file ../key --json"],
  ["transit-keys", "zvault transit keys --json"],
  ["transit-keys", "zvault transit keys s --json"],
  ["transit-encrypt", "printf %s v | zvault transit encrypt k - --json"],
  ["transit-encrypt", "printf %s v | zvault transit encrypt k - --out ../c --json"],
  ["transit-encrypt", "head -c 600000 /dev/zero | zvault transit encrypt k - --out ../z --json"],
  ["transit-decrypt", "zvault transit decrypt k @../c --reveal --json --key-file ../key"],
  ["transit-decrypt", "zvault transit decrypt k @../c --out ../p --json --key-file ../key"],
  ["transit-decrypt", "zvault transit decrypt k @../z --out ../zp --json --key-file ../key"],
  ["transit-rewrap", "zvault transit rewrap k @../c --json"],
  ["transit-sign", "printf %s v | zvault transit sign s - --out ../sig --json"],
  ["transit-verify", "printf %s v | zvault transit verify s - --signature @../sig --json"],
  ["transit-hmac", "printf %s v | zvault transit hmac m - --json"],
  ["transit-datakey", "zvault transit datakey k --reveal --json --key-file ../key"],
  ["transit-random", "zvault transit random --json"],
  ["transit-hash", "printf %s v | zvault transit hash - --json"],
  ["transit-config", "zvault transit config k --min-decrypt 2 --deletable --key-file ../key --json"],
  ["transit-trim", "zvault transit trim k --before 2 --yes --key-file ../key --json"],
  ["transit-delete", "zvault transit delete k --yes --key-file ../key --json"],
  ["version", "zvault version --json"],
  ["import", "printf 'C=sk_live_0123456789abcdefABCDEF\\nPORT=3000\\n# OLD=x\\n' > .env; zvault import --dry-run --json"],
  ["import", "zvault import --yes --json"],
  ["fill", "printf 'A=v\nB=v\n' | zvault fill - --json"],
  ["check", "zvault check --json"],
  ["export", "zvault export --out ../env --json --key-file ../key"],
  ["eject", "zvault eject --dry-run --json --key-file ../key"],
  ["seal", "zvault seal --json"],
  ["unseal", "zvault unseal --key-file ../key --json"],
  [
    "adopt",
    "zvault seal -q >/dev/null; cp -r .zvault ../copy; mkdir ../fork; mv ../copy ../fork/.zvault; cd ../fork; zvault adopt --key-file ../key --json",
  ],
  ["backup-restore", "zvault backup restore --from ../backup --dry-run --json --key-file ../key"],
  ["backup-restore", "zvault backup restore --from ../backup --dry-run --json"],
  ["backup-restore", "rm -rf .zvault; zvault backup restore --from ../backup --yes --key-file ../key --json"],
  ["whoami", "mkdir ../mine; cd ../mine; echo 'a long passphrase here' | zvault init - >/dev/null; zvault whoami --json"],
  ["seal", "zvault seal --json"],
];

t.test("what --json prints fits the schema in docs/json", { timeout: 170_000 }, async (t) => {
  const place = makePlace();
  t.teardown(() => place.remove());
  const missing: string[] = [];
  for (const [schema, command] of steps) {
    const { stdout, stderr, status } = await start(["sh", "-c", command], { cwd: join(place.folder, "shop"), env: place.env });
    let found: unknown;
    try {
      found = JSON.parse(stdout.toString());
    } catch {
      t.fail(`${command}: no JSON but ${stdout.toString()}${stderr.toString()}`);
      continue;
    }
    t.strictSame(problems(found, schemaOf(schema)), [], command);
    t.equal(status !== 0, schema === "error", `${command}: exit code`);
    missing.push(schema);
  }
  const tried = new Set(missing);
  const written = readdirSync(docs).map((name) => name.replace(/\.json$/, ""));
  t.strictSame(
    written.filter((name) => !tried.has(name)),
    [],
    "no schema without a command that was tried",
  );
});

t.test("every command has a schema", async (t) => {
  for (const id of Object.keys(table)) {
    if (id === "run" || id === "overview") continue;
    t.ok(existsSync(join(docs, `${id.replace(":", "-")}.json`)), id);
  }
});
