import t from "tap";
import { hostsOf } from "../../src/envfile/hosts.ts";
import { parseValue } from "../../src/envfile/reference.ts";

const pw = "${zvault://env/shop/PW}";

function hosts(text: string): string[] {
  const parsed = parseValue(text);
  return parsed.kind === "template" ? hostsOf(parsed.parts) : [];
}

t.test("the host of a URL is found, with its port, without user info, in lower case", async (t) => {
  t.same(hosts(`postgres://app:${pw}@DB.internal:5432/x`), ["db.internal:5432"]);
  t.same(hosts(`https://api.example.com/?key=${pw}#x`), ["api.example.com"]);
  t.same(hosts(`https://api.example.com/${pw}?next=@x`), ["api.example.com"]);
  t.same(hosts(`redis://:${pw}@[::1]:6379/0`), ["[::1]:6379"]);
  t.same(hosts(`redis://:${pw}@Käse.example`), ["käse.example"]);
  t.same(hosts(`{"url":"https://u:${pw}@h.example"}`), ["h.example"]);
  t.same(hosts(`http://u:${pw}@one/ http://two/`), ["one", "two"]);
  t.same(hosts(`http://u:${pw}@one http://two`), ["one", "two"]);
  t.same(hosts(`amqp://u:${pw}@one:1,two:2/`), ["one:1,two:2"]);
  t.same(hosts(`redis://:${pw}@\${zvault:HOST}:1/0`), ["${zvault:HOST}:1"]);
  t.same(hosts(`redis://:${pw}@${pw}/0`), [pw]);
});

t.test("a text that names no host has none", async (t) => {
  for (const text of [
    `Bearer ${pw}`,
    `${pw}${pw}`,
    `${pw}/callback`,
    `${pw}:${pw}`,
    `/srv/${pw}/x`,
    `a:${pw}`,
    `postgres:///${pw}`,
  ])
    t.same(hosts(text), [], text);
});

t.test("wherever readers of URLs disagree, the other host stands in what is compared", async (t) => {
  const good = "db.example";
  const tricks = [
    `postgres://u:${pw}@db.example@evil.example/x`,
    `postgres://u:${pw}@evil.example,x@db.example/x`,
    `https://u:${pw}@evil.example\\@db.example/`,
    `https://evil.example\\u:${pw}@db.example/`,
    `https://u:${pw}@db.example\\@evil.example/`,
    `https://u:${pw}@db.example\t.evil.example/`,
    `https:/\t/u:${pw}@evil.example/`,
    `https:u:${pw}@evil.example`,
    `https:/evil.example/${pw}`,
    `https:\\\\evil.example/${pw}`,
    `https:///evil.example/${pw}`,
    `https://db.example x:${pw}@evil.example/`,
    `postgres://db.example?x=${pw}@evil.example/`,
    `postgres://db.example#${pw}@evil.example/`,
    `postgres://u:${pw}@db.example/x?host=evil.example`,
    `postgres://u:${pw}@db.example/x?%68ost=evil.example`,
    `jdbc:sqlserver://db.example;serverName=evil.example;password=${pw}`,
    `jdbc:sqlserver://db.example/x;a=b;serverName=evil.example;password=${pw}`,
    `https://db.example/?u=https://evil.example/${pw}`,
    `https://evil.example/https://db.example/${pw}`,
    `u:${pw}@tcp(evil.example:3306)/x`,
    `x@evil.example/${pw}`,
    `${pw}.evil.example`,
    `${pw}?host=evil.example`,
    `https://u:${pw}@db.example".evil.example/`,
  ];
  for (const text of tricks) {
    const found = hosts(text);
    t.ok(
      found.some((host) => host.includes("evil.example")),
      `${text}: ${found.join(" ")}`,
    );
    t.notSame(found, [good], text);
  }
});

t.test("a text of any form is looked through in bounded time", async (t) => {
  for (const piece of [" ", "'", "@", "://", "http:", "?", "?a", ";=", "\\", ".", "a ", "%=", "${zvault:A}"]) {
    const began = process.cpuUsage().user;
    hosts(`${piece.repeat(65_536 / piece.length)}${pw}`);
    // microseconds; quadratic work would need minutes
    t.ok(process.cpuUsage().user - began < 2_000_000, piece);
  }
});
