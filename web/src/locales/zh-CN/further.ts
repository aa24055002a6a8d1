import type en from "../en/further";
import type { Same } from "../same";
import account from "./account.json";
import admin from "./admin.json";
import channels from "./channels.json";
import characters from "./characters.json";
import entry from "./entry.json";
import library from "./library.json";
import queue from "./queue.json";
import share from "./share.json";
import teams from "./teams.json";
import users from "./users.json";
import video from "./video.json";

const words: Same<typeof en> = { account, admin, channels, characters, entry, library, queue, share, teams, users, video };

export default words as typeof en;
