import common from "./common.json";
import create from "./create.json";
import entry from "./entry.json";
import failures from "./failures.json";
import library from "./library.json";
import shell from "./shell.json";

export default { common, create, entry, failures, library, shell };
