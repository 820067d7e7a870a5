import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("import-dialect.txt");
