import t from "tap";
import { dangerous } from "../../src/envfile/dangerous.ts";
import { parseHead, printHead, readersLine, withHead } from "../../src/envfile/head.ts";
import { isSlug, layoutPath, lengthen, pathFor, projectNameFrom, slugOf } from "../../src/envfile/project.ts";

const vault = "0123456789abcdef".repeat(2);

t.test("any name becomes a slug", async (t) => {
  const rows = [
    ["shop", "shop"],
    ["@acme/web", "web"],
    ["@acme/Web App", "web-app"],
    ["", "app"],
    ["日本", "app"],
    ["..", "app"],
    ["-x-", "x"],
    ["a".repeat(80), "a".repeat(64)],
    ["Ünï code", "n-code"],
  ] as const;
  for (const [name, slug] of rows) {
    t.equal(slugOf(name), slug);
    t.ok(isSlug(slugOf(name)));
  }
  t.notOk(isSlug("../x"));
});

t.test("a taken slug gets its folder in front", async (t) => {
  t.equal(lengthen("web", "services/web"), "services-web");
  t.equal(lengthen("shop", "apps/web"), "apps-web-shop");
  t.equal(lengthen("web", "."), "web");
  t.ok(isSlug(lengthen("web", `${"deep/".repeat(40)}web`)));
});

t.test("a file's name and a key make the path, or the key is named", async (t) => {
  t.equal(pathFor("shop", ".env", "KEY"), "env/shop/KEY");
  t.equal(pathFor("shop", ".env.production.local", "KEY"), "env/shop/production.local/KEY");
  t.equal(layoutPath("shop", ".env.local"), "env/shop/.layout/.env.local");
  for (const file of ["prod.env", ".env.", ".env..", ".env.-x", ".env.a/b", ".envrc"])
    t.throws(() => pathFor("shop", file, "K"), { code: "usage" });
  for (const key of ["", "..", "a/b", "ä", "k".repeat(129)])
    t.throws(() => pathFor("shop", ".env", key), { code: "usage", names: [key] });
});

t.test("a project's name comes from what the project says of itself", async (t) => {
  t.equal(projectNameFrom({ packageJson: '{"name":"@acme/web"}', goMod: "module x/y" }), "@acme/web");
  t.equal(
    projectNameFrom({ packageJson: "{", pyproject: '[build-system]\nname = "no"\n[project]\nname = "py-shop" # x\n' }),
    "py-shop",
  );
  t.equal(projectNameFrom({ packageJson: '{"name":3}', cargo: "[package]\nname = 'rusty'\n" }), "rusty");
  t.equal(slugOf(projectNameFrom({ goMod: "// c\nmodule example.com/acme/shop/v2\n\ngo 1.24\n" }) ?? ""), "shop");
  t.equal(projectNameFrom({}), undefined);
});

t.test("the head is printed and parsed strictly", async (t) => {
  const head = { project: "shop", vault };
  t.same(parseHead(printHead(head)), head);
  t.same(parseHead(withHead("\ufeffA=1\r\n", head)), head);
  t.equal(withHead("\ufeffA=1\r\n", head), `\ufeff${printHead(head)}\r\n${readersLine}\r\nA=1\r\n`);
  t.equal(withHead("", head), `${printHead(head)}\n${readersLine}\n`);
  t.equal(parseHead("# a comment\n"), undefined);
  t.equal(parseHead("A=1\n# zvault 1 project=x"), undefined);
  for (const bad of [
    `# zvault 2 project=shop vault=${vault}`,
    "# zvault 1 project=../x vault=0",
    `${printHead(head)} `,
    printHead(head).toUpperCase().replace("# ZVAULT", "# zvault"),
  ]) {
    t.throws(() => parseHead(bad), { code: "usage" }, bad);
  }
});

t.test("dangerous names are told from harmless ones", async (t) => {
  const bad = [
    "LD_PRELOAD",
    "LD_AUDIT",
    "DYLD_INSERT_LIBRARIES",
    "NODE_OPTIONS",
    "BASH_ENV",
    "BASH_FUNC_x%%",
    "ENV",
    "IFS",
    "PATH",
    "http_proxy",
    "HTTPS_PROXY",
    "No_Proxy",
    "SSL_CERT_FILE",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "EDITOR",
    "PAGER",
    "npm_config_registry",
    "NPM_CONFIG_REGISTRY",
    "PERL5LIB",
    "PROMPT_COMMAND",
    "DOTNET_STARTUP_HOOKS",
    "SSLKEYLOGFILE",
    "LD_DEBUG_OUTPUT",
    "A=B",
    "A\0",
    "A\nB",
    "",
  ];
  for (const name of bad) t.ok(dangerous(name), JSON.stringify(name));
  for (const name of [
    "NODE_ENV",
    "PATHS",
    "MY_PATH",
    "ENVIRONMENT",
    "PROXY_URL",
    "GIT_SHA",
    "LD",
    "LD_SDK_KEY",
    "BROWSER",
    "DATABASE_URL",
    "__proto__",
    "constructor",
  ]) {
    t.notOk(dangerous(name), name);
  }
});
