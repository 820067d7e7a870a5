import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("transit-files.txt");
