/** Pieces of dotenv files that mean something to one reader or another, put together by chance. */
import fc from "fast-check";

export const syntax = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom("A=", "B=", "C =", "export A=", "D: ", "\n", "\n", "\nA=", "\nB=", "\nC=") },
      { weight: 3, arbitrary: fc.constantFrom("$A", "${B}", "${C:-d}", "${A-x}", "$$", "\\$", "${", "}", "$(x)", "$") },
      { weight: 2, arbitrary: fc.constantFrom('"', "'", "`", " ", "#", " #", "\\", "\\n", "\\\\", "\t", "\r\n", "'A'=", "word") },
      { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(""));
