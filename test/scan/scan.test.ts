import fc from "fast-check";
import t from "tap";
import { classify } from "../../src/scan/class.ts";
import { scanText } from "../../src/scan/comments.ts";
import { isCommon, looksRandom, maskable, shannon } from "../../src/scan/entropy.ts";
import { rules } from "../../src/scan/rules.ts";
import { chars, hexes, tokens } from "./tokens.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const mask = (text: string): string => maskable(encode(text));

t.test("every provider's token is found where it stands, by its rule", async (t) => {
  for (const [rule, token, secret = token] of tokens) {
    const before = "# é old key:\n# see ";
    const hits = scanText(encode(`${before}${token} (unused)\nA=1\n`));
    t.match(hits, [{ line: 2, rule }], `${rule} ${token.slice(0, 6)}`);
    t.equal(hits.length, 1, rule);
    const start = Buffer.from(before).length + token.indexOf(secret);
    t.match(hits[0], { start, end: start + Buffer.from(secret).length }, rule);
  }
});

t.test("every pattern is sticky and has no open quantifier", async (t) => {
  for (const rule of rules) {
    t.ok(rule.pattern.sticky, rule.id);
    t.notMatch(rule.pattern.source.replace(/\[(?:\\.|[^\]])*\]/g, "[]").replace(/\\./g, ""), /[*+]|\{\d+,\}/, rule.id);
    for (const keyword of rule.keywords) t.equal(keyword, keyword.toLowerCase());
  }
});

t.test("what comments usually say is no hit", async (t) => {
  const harmless = [
    "Database. In production: postgres://localhost:5432/shop or https://example.com:8080/a@b",
    "get one at https://dashboard.stripe.com/test/apikeys, then put it below",
    "postgres://user:${DB_PASSWORD}@localhost/x",
    "mysql://root:<password>@db/x",
    "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
    `${["AK", "IA"].join("")}IOSFODNN7EXAMPLE`,
    "see docs/configuration/environment-variables.md and src/components/MyWidget/index.ts",
    "task-manager-for-the-people-who-like-long-names",
    "123e4567-e89b-12d3-a456-426614174000",
    "==================================",
    "shop-db.cluster-ro.eu-central-1.rds.amazonaws.com",
    "the password must be changed",
    "PASSWORD_RESET_TOKEN_LIFETIME_IN_SECONDS",
    "NEXT_PUBLIC_GOOGLE_ANALYTICS_MEASUREMENT_ID",
    "token: ${GITHUB_TOKEN}",
    "api_key=process.env.KEY_NAME",
  ];
  for (const text of harmless) t.same(scanText(encode(`# ${text}\n`)), [], text);
});

t.test("any bytes are scanned, and every hit lies inside them", async () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(...tokens.map(([, one]) => encode(one)))), {
        maxLength: 6,
      }),
      (parts) => {
        const bytes = new Uint8Array(Buffer.concat(parts));
        let last = 0;
        return scanText(bytes).every((hit) => {
          const ok = hit.start >= last && hit.start < hit.end && hit.end <= bytes.length && hit.line >= 1;
          last = hit.end;
          return ok;
        });
      },
    ),
  );
});

t.test("settings are settings", async (t) => {
  const rows: [string, string][] = [
    ["PORT", "3000"],
    ["NODE_ENV", "production"],
    ["LOG_LEVEL", "debug"],
    ["REGION", "us-east-1"],
    ["AWS_REGION", "eu-central-1"],
    ["HOST", "localhost"],
    ["HOST", "0.0.0.0"],
    ["DEBUG", "false"],
    ["DEBUG", "app:*"],
    ["API_URL", "https://api.example.com/v1"],
    ["DATABASE_URL", "postgres://localhost:5432/shop"],
    ["DB_USER", "postgres"],
    ["DB_HOST", "db.internal"],
    ["REDIS_ADDR", "localhost:6379"],
    ["TZ", "Europe/Berlin"],
    ["LANG", "en_US.UTF-8"],
    ["MAIL_FROM", "shop@example.com"],
    ["TOKEN_TTL", "3600"],
    ["MAX_TOKENS", "4096"],
    ["PASSWORD_MIN_LENGTH", "12"],
    ["JWT_ALGORITHM", "HS256"],
    ["SESSION_COOKIE_NAME", "sid"],
    ["ALLOWED_HOSTS", "a.example.com,b.example.com"],
    ["VERSION", "1.2.3"],
    ["TIMEOUT", "30s"],
    ["NEXT_PUBLIC_API_URL", "https://x.example.com"],
    ["VITE_TITLE", "My Shop"],
    ["SHOP_TITLE", "Käse & Brot – für alle"],
    ["EMPTY_SECRET", ""],
    ["STRIPE_PUBLISHABLE_KEY", ["pk", "live", chars(24)].join("_")],
    ["USE_SECRET_STORE", "true"],
    ["SSL_KEY_FILE", "./certs/server.key"],
    ["REQUEST_ID", "123e4567-e89b-12d3-a456-426614174000"],
    ["A", "zvault://env/shop/A"],
    ["CRON", "*/5 * * * *"],
    ["SENTRY_ENVIRONMENT", "staging"],
  ];
  for (const [name, value] of rows) t.match(classify(name, value), { class: "setting" }, `${name}=${value}`);
});

t.test("secrets are secrets, and what nobody knows is one", async (t) => {
  const rows: [string, string][] = [
    ["DATABASE_URL", "postgres://app:pw@db/x"],
    ["DB_PASSWORD", "postgres"],
    ["DB_PASSWORD", "1234"],
    ["ADMIN_PASS", "hunter2"],
    ["API_KEY", "abc"],
    ["SECRET_KEY", "changeme"],
    ["STRIPE_SECRET", "x"],
    ["AUTH_TOKEN", "t"],
    ["dbPassword", "x"],
    ["JWT_SECRET", "a b c"],
    ["MYSTERY", chars(32)],
    ["MYSTERY", hexes(32)],
    ["SENTRY_DSN", "12"],
    ["WEBHOOK_URL", `https://example.com/in/${chars(32)}`],
    ["FEED", "https://example.com/?api_key=abc"],
    ["AWS_ACCESS_KEY_ID", "x1"],
    ["NOTE", "correct horse battery staple"],
    ["KEY_ID", chars(40)],
  ];
  for (const [name, value] of rows) t.match(classify(name, value), { class: "secret" }, `${name}=${value}`);
  for (const [rule, token] of tokens) {
    if (rule !== "secret-assignment") t.match(classify("THING", token), { class: "secret" }, rule);
  }
});

t.test("a public prefix makes a setting, but not of a provider's key", async (t) => {
  t.match(classify("NEXT_PUBLIC_KEY", "abc"), { class: "setting" });
  t.match(classify("VITE_STRIPE", ["sk", "live", chars(24)].join("_")), { class: "secret", confidence: "sure" });
});

t.test("why and confidence never hold a part of the value", async () => {
  fc.assert(fc.property(fc.string(), (noise) => !classify("A", `marker${noise}`).why.includes("marker")));
});

t.test("common words, switches and numbers are never masked, short or weak secrets at borders, others everywhere", async (t) => {
  for (const text of [
    "",
    "a",
    "true",
    "false",
    "postgres",
    "us-east-1",
    "localhost:3000",
    "production",
    "3000",
    "0.0.0.0",
    "http://localhost:5432",
    "password",
    "   ",
  ]) {
    t.equal(mask(text), "no", JSON.stringify(text));
  }
  for (const text of ["hunter2", "aaaaaaaa", "abcabcabc", "k7#pq", "20260101", "swordfish"]) t.equal(mask(text), "borders", text);
  for (const text of [
    chars(32),
    hexes(16),
    "tr0ub4dor&3",
    "correct horse battery staple",
    "postgres://app:pw1@db/x",
    "Grüße-aus-Köln",
    "p@ssw0rd!9x",
  ]) {
    t.equal(mask(text), "mask", text);
  }
  t.equal(maskable(new Uint8Array([0xff, 0x00, 0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6])), "mask");
});

t.test("what a person chose as a password is masked, whatever it is made of", async (t) => {
  for (const text of ["94%L6b?p@Q8\\$f%b;@;;^", "q-7-x-9-k-2-w-4-b", "a1!b2!c3!d4!", "$1$2$3$4$5$6"])
    t.equal(mask(text), "mask", text);
  t.equal(mask("my-secret-db-password"), "borders");
  for (const text of ["postgres", "us-east-1", "localhost:3000", "127.0.0.1:5432", "a.b.c", "true", "debug,info,warn"])
    t.not(mask(text), "mask", text);
});

t.test("entropy tells keys from words", async (t) => {
  t.equal(shannon("aaaa"), 0);
  t.equal(shannon("abcd"), 2);
  t.ok(looksRandom(chars(20)));
  t.notOk(looksRandom("internationalization-and-localization"));
  t.notOk(looksRandom("MyVeryLongComponentNameFactory"));
  t.ok(isCommon("postgres:5432"));
  t.notOk(isCommon("hunter2"));
});

t.test("only rules that say so match over several lines", async (t) => {
  // `[\s\S]`, `\s` outside of a negated class, a negated class that lets a line end in
  const overLines = /\[\\s\\S\]|(?<!\[\^[^\]]*)\\s|\[\^(?![^\]]*(?:\\s|\\n))/;
  for (const rule of rules)
    t.equal(overLines.test(rule.pattern.source.replace(/\(\?[=!][^)]*\)/g, "")), rule.lines === true, rule.id);
});
