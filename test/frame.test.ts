import fc from "fast-check";
import t, { type Test } from "tap";
import { type AnswerHeader, frameLimits, parseAnswer, parseRequest, printHead, type RequestHeader } from "../src/frame.ts";
import { type Frame, FrameReader, plainRoom, type Room } from "../src/frame-reader.ts";

const env = { uid: 1000, home: "/home/a", config: "/home/a/.config/zvault", state: "/home/a/.local/state/zvault" };

function request(more: Partial<RequestHeader> = {}): RequestHeader {
  return { v: 1, build: "b", verb: "kv.put", args: { path: "env/A" }, env, body: [], ...more };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** A frame around any text as header. */
function raw(json: string, length = Buffer.byteLength(json)): Uint8Array {
  const head = Buffer.alloc(8);
  head.write("zv1\n");
  head.writeUInt32BE(length, 4);
  return join([head, Buffer.from(json)]);
}

function reader(rooms: Room[] = []): FrameReader<RequestHeader> {
  return new FrameReader(parseRequest, (length) => {
    const room = plainRoom(length);
    rooms.push(room);
    return room;
  });
}

function refuses(t: Test, name: string, bytes: Uint8Array, more: { code: string; hint?: RegExp } = { code: "protocol" }): void {
  t.throws(() => reader().push(bytes), more, name);
}

/** A good request but for `change`. */
const text = (change: object): Uint8Array => raw(JSON.stringify({ ...request(), ...change }));

t.test("a frame that was printed is read back, however the stream is cut", async () => {
  const part = fc.uint8Array({ maxLength: 40 });
  const frames = fc.array(
    fc.record({
      args: fc.dictionary(fc.constantFrom("path", "a", "b", "é", '"', "\\u"), fc.string({ unit: "binary" })),
      body: fc.array(part),
      credential: fc.option(fc.array(part)),
    }),
    { minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(frames, fc.array(fc.nat({ max: 300 })), (all, cuts) => {
      const wire = join(
        all.flatMap(({ args, body, credential }) => [
          printHead(
            request({
              args,
              body: body.map((one) => one.length),
              ...(credential ? { credential: { kind: "shares", parts: credential.map((one) => one.length) } } : {}),
            }),
          ),
          ...body,
          ...(credential ?? []),
        ]),
      );
      const one = reader();
      const read: Frame<RequestHeader>[] = [];
      const places = [...new Set([0, ...cuts.map((cut) => cut % (wire.length + 1)), wire.length])].toSorted((a, b) => a - b);
      for (const [index, place] of places.entries()) read.push(...one.push(wire.subarray(place, places[index + 1] ?? place)));
      const wanted = all.map(({ args, body, credential }) => ({ args, body, credential: credential ?? [] }));
      return (
        one.idle &&
        JSON.stringify(
          read.map(({ header, body, credential }) => ({
            args: header.args,
            body: body.map((b) => [...b]),
            credential: credential.map((b) => [...b]),
          })),
        ) ===
          JSON.stringify(
            wanted.map(({ args, body, credential }) => ({
              args,
              body: body.map((b) => [...b]),
              credential: credential.map((b) => [...b]),
            })),
          )
      );
    }),
    { numRuns: 300 },
  );
});

t.test("every single split of two frames gives the same two frames", async (t) => {
  const head = printHead(request({ body: [0, 3, 0, 2, 0], credential: { kind: "passphrase", parts: [4] } }));
  const wire = join([head, Buffer.from("abcde"), Buffer.from("pass"), head, Buffer.from("vwxyz"), Buffer.from("word")]);
  for (let cut = 0; cut <= wire.length; cut += 1) {
    const one = reader();
    const frames = [...one.push(wire.subarray(0, cut)), ...one.push(wire.subarray(cut))];
    const texts = frames.map(({ body, credential }) =>
      [...body, ...credential].map((part) => Buffer.from(part).toString()).join("|"),
    );
    if (texts.join() !== "|abc||de||pass,|vwx||yz||word") t.fail(`cut at ${cut}: ${texts.join()}`);
  }
  t.pass("every cut");
});

t.test("an answer is read back, an error as well", async (t) => {
  const read = (header: AnswerHeader, ...parts: Uint8Array[]): Frame<AnswerHeader>[] =>
    new FrameReader(parseAnswer, plainRoom).push(join([printHead(header), ...parts]));
  const [done] = read({ v: 1, build: "b", ok: true, result: { version: 3 }, body: [2] }, Buffer.from("hi"));
  t.strictSame(done?.header, { v: 1, build: "b", ok: true, result: { version: 3 }, body: [2] });
  t.equal(Buffer.from(done?.body[0] ?? []).toString(), "hi");
  const error = { code: "denied", message: "no", hint: "h", names: ["A"] } as const;
  const [failed] = read({ v: 1, build: "b", ok: false, error: { ...error, names: ["A"] }, body: [] });
  t.strictSame(failed?.header, { v: 1, build: "b", ok: false, error, body: [] });
  const unknown = raw('{"v":1,"build":"b","ok":false,"error":{"code":"from-the-future","message":"m"}}');
  t.match(new FrameReader(parseAnswer, plainRoom).push(unknown)[0]?.header, { error: { code: "internal", message: "m" } });
  for (const bad of [
    '{"v":1,"build":"b"}',
    '{"v":1,"build":"b","ok":false}',
    '{"v":1,"build":"b","ok":true,"result":1}',
    '{"v":1,"ok":true,"body":[]}',
  ]) {
    t.throws(() => new FrameReader(parseAnswer, plainRoom).push(raw(bad)), { code: "protocol" }, bad);
  }
});

t.test("what is no frame is refused, and never echoed", async (t) => {
  refuses(t, "garbage", Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  refuses(t, "another magic", Buffer.concat([Buffer.from("zv2\n"), raw("{}").subarray(4)]));
  refuses(t, "an empty header", raw(""));
  refuses(t, "no JSON", raw("{"));
  refuses(t, "an array", raw("[]"));
  refuses(t, "null", raw("null"));
  refuses(t, "a string", raw('"a"'));
  refuses(t, "spaces", raw(JSON.stringify(request(), null, 1)));
  refuses(t, "a byte order mark", raw(`\ufeff${JSON.stringify(request())}`));
  refuses(t, "not UTF-8", join([raw("", 3), Buffer.from([0x22, 0xff, 0x22])]));
  refuses(t, "a name twice", raw(JSON.stringify(request()).replace('"v":1', '"v":1,"v":1')));
  refuses(t, "a name twice, deep", raw(JSON.stringify(request()).replace('"path":', '"path":"env/B","path":')));
  refuses(t, "__proto__", raw(JSON.stringify(request()).replace('"path":', '"__proto__":{"x":1},"path":')));
  refuses(t, "__proto__ spelled by an escape", raw(JSON.stringify(request()).replace('"path":', '"\\u005f_proto__":{},"path":')));
  refuses(t, "a lone surrogate", raw(JSON.stringify(request({ args: { path: "\ud800" } }))));
  refuses(t, "nesting without end", raw("[".repeat(1_000_000)));
  refuses(t, "deep and well formed", raw(`${"[".repeat(500_000)}${"]".repeat(500_000)}`));
  refuses(t, "other version", text({ v: 2 }), { code: "other-build", hint: /zvault seal/ });
  refuses(t, "version as a string", text({ v: "1" }), { code: "other-build" });
  t.equal(reader().push(text({ args: { path: "a \\ud800 b" } })).length, 1, "a backslash before ud800 is text");
  const secret = "hunter2-hunter2";
  for (const bad of [
    `{"${secret}`,
    JSON.stringify({ ...request(), verb: 1, args: secret }),
    JSON.stringify({ ...request(), body: secret }),
  ]) {
    try {
      reader().push(raw(bad));
      t.fail("taken");
    } catch (failure) {
      t.notMatch(String((failure as Error).message), secret);
    }
  }
});

t.test("each field of a request is looked at", async (t) => {
  const vault = { id: "0".repeat(32), dir: "/a/.zvault", dev: "1", ino: "2" };
  t.equal(reader().push(text({ vault })).length, 1);
  const rows: [string, object][] = [
    ["no build", { build: "" }],
    ["a build without end", { build: "x".repeat(129) }],
    ["a verb that is a number", { verb: 1 }],
    ["a verb without end", { verb: "x".repeat(65) }],
    ["args that are an array", { args: [] }],
    ["args that are null", { args: null }],
    ["a vault that is a string", { vault: "x" }],
    ["a vault with another id", { vault: { ...vault, id: "A".repeat(32) } }],
    ["a vault in a relative folder", { vault: { ...vault, dir: "a" } }],
    ["a vault with a NUL", { vault: { ...vault, dir: "/a\0b" } }],
    ["a device that is a number", { vault: { ...vault, dev: 1 } }],
    ["no surroundings", { env: undefined }],
    ["uid as text", { env: { ...env, uid: "0" } }],
    ["a relative home", { env: { ...env, home: "x" } }],
    ["a credential of no kind", { credential: { kind: "ticket", parts: [] } }],
    ["a credential without parts", { credential: { kind: "passphrase" } }],
    ["a credential too long", { credential: { kind: "passphrase", parts: [frameLimits.credential + 1] } }],
    ["credentials too long together", { credential: { kind: "shares", parts: [frameLimits.credential, 1] } }],
    ["too many credentials", { credential: { kind: "shares", parts: Array(257).fill(1) } }],
    ["too many parts", { body: Array(frameLimits.parts + 1).fill(0) }],
    ["too much in all", { body: Array(65).fill(frameLimits.part) }],
  ];
  for (const [name, change] of rows) refuses(t, name, text(change));
});

t.test("lengths that are none are refused before anything is allocated", async (t) => {
  for (const length of [
    "-1",
    "4294967295",
    "9007199254740992",
    "9007199254740993",
    "1e400",
    "NaN",
    "1.5",
    '"3"',
    "null",
    "1e3",
    "-0",
    "[1]",
    "1048577",
  ]) {
    const rooms: Room[] = [];
    const one = reader(rooms);
    t.throws(
      () => one.push(raw(JSON.stringify(request()).replace('"body":[]', `"body":[${length}]`))),
      { code: "protocol" },
      length,
    );
    t.equal(rooms.length, 0);
    t.strictSame(one.push(raw(JSON.stringify(request()))), [], "a broken stream stays broken");
  }
  for (const length of [0xffff_ffff, frameLimits.header + 1])
    t.throws(() => reader().push(raw("", length)), { code: "protocol" }, String(length));
});

t.test("memory is taken when bytes arrive, in rooms of at most 1 MiB, and zeroed when the frame is given up", async (t) => {
  const rooms: Room[] = [];
  const one = reader(rooms);
  one.push(printHead(request({ body: Array(64).fill(frameLimits.part) })));
  t.equal(rooms.length, 0, "a claim costs nothing");
  one.push(new Uint8Array(frameLimits.part + 1).fill(7));
  t.strictSame(
    rooms.map((room) => room.bytes.length),
    [frameLimits.part, frameLimits.part],
  );
  one.abort();
  t.ok(rooms.every((room) => room.bytes.every((byte) => byte === 0)));

  const many: Room[] = [];
  const [frame] = reader(many).push(
    join([printHead(request({ body: Array(10_000).fill(200) })), new Uint8Array(2_000_000).fill(1)]),
  );
  t.equal(frame?.body.length, 10_000);
  t.equal(many.length, 2, "small parts share a room");
  frame?.wipe();
  t.ok(many.every((room) => room.bytes.every((byte) => byte === 0)));
});

t.test("what is too large is refused where it is sent", async (t) => {
  t.throws(() => printHead(request({ body: [frameLimits.part + 1] })), { code: "too-large" });
  t.throws(() => printHead(request({ body: Array(65).fill(frameLimits.part) })), { code: "too-large" });
  t.throws(() => printHead(request({ body: Array(frameLimits.parts + 1).fill(0) })), { code: "too-large" });
  t.throws(() => printHead(request({ args: { x: "x".repeat(frameLimits.header) } })), { code: "too-large" });
  t.throws(() => printHead(request({ credential: { kind: "shares", parts: [frameLimits.credential, 1] } })), { code: "too-large" });
});

t.test("bytes without sense never give anything but an error or a frame", async () => {
  const good = Buffer.from(
    join([printHead(request({ body: [5], credential: { kind: "passphrase", parts: [3] } })), Buffer.from("valuekey")]),
  );
  fc.assert(
    fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
      const bad = Buffer.from(good);
      bad[at] = byte;
      try {
        reader().push(bad);
      } catch (failure) {
        return (failure as { name?: string }).name === "ZvaultError";
      }
      return true;
    }),
    { numRuns: 3000 },
  );
});
