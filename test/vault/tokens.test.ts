/** Tokens without a vault around them: their text, how long they live, and who goes with whom. */
import fc from "fast-check";
import t from "tap";
import { hex, sha256 } from "../../src/crypto/hash.ts";
import { State } from "../../src/vault/state.ts";
import { set, TokenBook } from "../../src/vault/tokens/book.ts";
import { newAccessor, newToken, tokenKey } from "../../src/vault/tokens/text.ts";
import { deathOf, makeToken, renewed, type Token, tokenLimits, type TokenOptions, used } from "../../src/vault/tokens/token.ts";

const start = Date.UTC(2026, 10, 25);
const from = { accessor: "a", policies: ["default"], parent: null, lineage: "life", origin: "owner" };
const make = (options: TokenOptions = {}, now = start): Token => makeToken(options, from, now);
const seconds = (token: Token, since = start): number => (token.expires - since) / 1000;

t.test("the text of a token has 192 random bits, and only its hash finds it", async (t) => {
  const texts = Array.from({ length: 500 }, () => newToken().use((bytes) => Buffer.from(bytes).toString("latin1")));
  for (const text of texts) t.match(text, /^zvs\.[A-Za-z0-9_-]{32}$/);
  t.equal(new Set(texts).size, 500);
  const bits = Buffer.concat(texts.map((text) => Buffer.from(text.slice(4), "base64url")));
  t.equal(bits.length, 500 * 24, "all characters of the alphabet stand for their six bits");
  const ones = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
  t.ok(Math.abs(ones / (bits.length * 8) - 0.5) < 0.01, String(ones));
  const text = Buffer.from(texts[0] ?? "");
  t.equal(tokenKey(text), hex(sha256(text)));
  t.equal(tokenKey(Buffer.concat([text, Buffer.from("\n")])), tokenKey(text), "as it stands in a file");
  for (const other of ["", "zvs.", `hvs.${"a".repeat(32)}`, `zvs.${"a".repeat(31)}`, `zvs.${"a".repeat(33)}`, `${texts[0]}\n\n`])
    t.equal(tokenKey(Buffer.from(other)), undefined, other);
  t.not(newAccessor(), newAccessor());
});

t.test("how long a new token lives", async (t) => {
  const rows: [TokenOptions, number][] = [
    [{}, tokenLimits.ttl],
    [{ ttl: 60 }, 60],
    [{ maxTtl: 60 }, 60],
    [{ ttl: 30, maxTtl: 60 }, 30],
    [{ explicitMaxTtl: 45 }, 45],
    [{ period: 600 }, 600],
    [{ period: 600, explicitMaxTtl: 1000 }, 600],
    [{ ttl: tokenLimits.maxTtl }, tokenLimits.maxTtl],
  ];
  for (const [options, lives] of rows) t.equal(seconds(make(options)), lives, JSON.stringify(options));
  const wrong: [TokenOptions, RegExp][] = [
    [{ ttl: 61, maxTtl: 60 }, /longer than the max TTL/],
    [{ ttl: 61, explicitMaxTtl: 60 }, /shorter than what it bounds/],
    [{ period: 61, explicitMaxTtl: 60 }, /shorter than what it bounds/],
    [{ period: 60, ttl: 60 }, /in the place of a TTL/],
    [{ ttl: tokenLimits.maxTtl + 1 }, /must live on is periodic/],
    [{ maxTtl: tokenLimits.maxTtl + 1 }, /must live on is periodic/],
  ];
  for (const [options, why] of wrong) t.throws(() => make(options), { code: "usage", message: why }, JSON.stringify(options));
});

t.test("a token ends at its millisecond, in a clock that goes back, and with its life of the vault", async (t) => {
  const token = make({ ttl: 60 });
  t.equal(deathOf(token, "life", start + 59_999), undefined);
  t.equal(deathOf(token, "life", start + 60_000), "expired");
  t.equal(deathOf(token, "life", start - 59_999), undefined, "a little back is nothing");
  t.equal(deathOf(token, "life", start - 60_001), "not yet");
  t.equal(deathOf(token, "other", start), "of another life of the vault");
});

t.test("renewal: at the edges, by what is wished, never beyond", async (t) => {
  const token = make({ ttl: 60, maxTtl: 100 });
  t.equal(seconds(renewed(token, undefined, start + 30_000)), 90);
  t.equal(seconds(renewed(token, 1000, start + 30_000)), 100);
  t.equal(seconds(renewed(token, 10, start + 30_000)), 40, "a shorter wish is granted");
  t.equal(seconds(renewed(make({ period: 60 }), 5, start + 59_000)), 119, "a periodic one gets its period");
  t.equal(seconds(renewed(make({ period: 60, explicitMaxTtl: 100 }), undefined, start + 59_000)), 100);
  t.throws(() => renewed(make({ renewable: false }), undefined, start), { code: "denied" });
  const time = fc.integer({ min: 1, max: 50 * 24 * 3600 });
  fc.assert(
    fc.property(
      fc.record({ ttl: time, maxTtl: time, explicitMaxTtl: time, period: time }, { requiredKeys: [] }),
      fc.array(fc.record({ after: fc.integer({ min: 0, max: 10 ** 9 }), wish: fc.option(time, { nil: undefined }) }), {
        maxLength: 20,
      }),
      (options, renewals) => {
        let one: Token;
        try {
          one = make(options);
        } catch {
          return;
        }
        let now = start;
        for (const { after, wish } of renewals) {
          now += after;
          if (deathOf(one, "life", now) !== undefined) break;
          one = renewed(one, wish, now);
        }
        const most = Math.min(
          one.explicitMaxTtl > 0 ? one.explicitMaxTtl : Infinity,
          one.period > 0 ? Infinity : one.maxTtl || tokenLimits.maxTtl,
        );
        return seconds(one) <= most;
      },
    ),
  );
});

t.test("a number of uses is a number of uses", async (t) => {
  let token = make({ uses: 3 });
  for (let use = 0; use < 3; use++) {
    t.equal(deathOf(token, "life", start), undefined);
    token = used(token);
  }
  t.equal(deathOf(token, "life", start), "used up");
  t.equal(used(make()).usesLeft, 0, "any number");
});

function bookOf(tokens: Record<string, Partial<Token>>): { state: State; book: TokenBook } {
  const state = new State();
  const ops = Object.entries(tokens).map(([key, more]) => set(key, { ...make({ ttl: 60 }), accessor: `of ${key}`, ...more }));
  state.apply({ v: 1, time: "", request: "", author: "", ops }, []);
  return { state, book: new TokenBook(state, "life") };
}

t.test("a token counts with its parents, and goes with them", async (t) => {
  const { book } = bookOf({
    root: {},
    child: { parent: "root" },
    grandchild: { parent: "child" },
    other: {},
    lost: { parent: "gone" },
    spent: { usesLeft: -1 },
    ofSpent: { parent: "spent" },
    old: { expires: start - 1 },
    ofOld: { parent: "old", expires: start + 10 ** 9 },
    ring: { parent: "ring2" },
    ring2: { parent: "ring" },
  });
  const line = (key: string): string[] | undefined => book.lineByKey(key, start)?.map((one) => one.key);
  t.same(line("grandchild"), ["grandchild", "child", "root"]);
  t.same(line("root"), ["root"]);
  t.equal(line("lost"), undefined);
  t.equal(line("spent"), undefined);
  t.equal(line("ofSpent"), undefined);
  t.equal(line("ofOld"), undefined);
  t.equal(line("ring"), undefined);
  t.same(
    book
      .withChildren("root")
      .map((one) => one.key)
      .toSorted(),
    ["child", "grandchild", "root"],
  );
  t.equal(book.byAccessor("of other")?.key, "other");
  const swept = book
    .swept(start)
    .map((op) => ("key" in op ? op.key : ""))
    .toSorted();
  t.same(swept, ["lost", "old", "spent"]);
});
