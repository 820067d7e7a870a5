import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("import-many.txt");
