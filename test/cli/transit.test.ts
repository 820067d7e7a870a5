import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("transit.txt");
