"""What words look like: English and Chinese words to scenes, light, weather, figures, colours and camera moves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from reelgate.core.render import Backdrop, Colours, Framing, Look, Move, Style, Subject, Weather


class Light(StrEnum):
    """The hour of a scene."""

    DAWN = "dawn"
    DAY = "day"
    DUSK = "dusk"
    NIGHT = "night"


Meaning = TypeVar("Meaning", bound=StrEnum)

# One line a meaning. An underscore stands for a space or a hyphen; plural forms are understood.
_STYLES: Mapping[Style, str] = {
    Style.UNDERWATER: "underwater submarine reef coral jellyfish whale shark diver diving seabed kelp fish dolphin mermaid 水下 海底 珊瑚 潜水 鲸 水母 深海 鱼群",
    Style.SEA: "sea ocean wave beach shore coast surf tide bay harbour harbor lake river island sail sailing boat ship lighthouse pier water 海 浪 沙滩 海岸 港 湖 河 江 岛 船 帆 灯塔 水面",
    Style.FOREST: "forest wood woods tree jungle pine birch moss fern grove deer fox bear wolf 森林 树 林 松 竹 丛林 鹿 狐 熊 狼",
    Style.CITY: "city street neon downtown skyline skyscraper tower alley town metropolis cyberpunk shop market tokyo shanghai york london rooftop subway crowd building 城 街 霓虹 都市 大厦 楼 巷 夜市 商店 市场 赛博 地铁 建筑",
    Style.COSMOS: "space galaxy planet nebula star cosmos rocket astronaut spaceship orbit mars moon universe alien 太空 宇宙 银河 星球 星空 星云 火箭 宇航 飞船 火星 月球",
    Style.MOUNTAINS: "mountain peak cliff valley alps summit canyon hill glacier ridge volcano snow winter 山 峰 悬崖 峡谷 雪 冰川 冬",
    Style.DESERT: "desert dune sand sahara camel mesa cactus oasis 沙漠 沙丘 戈壁 骆驼 绿洲",
    Style.MEADOW: "meadow flower field grass spring garden blossom farm wheat sheep cow horse butterfly bee countryside tulip rose lavender prairie picnic 草 花 春 田 园 麦 牧 蝴蝶 乡村 樱",
    Style.ROAD: "road car highway drive driving truck motorcycle race asphalt bus bicycle journey 路 车 公路 驾驶 高速 摩托 旅途",
    Style.ROOM: "room indoor interior kitchen bedroom office desk window windowsill sofa kitchenette lamp home cafe coffee library table book studio cup product bottle 室内 房间 厨房 卧室 办公 窗 家 咖啡 图书馆 桌 书 产品",
    Style.FIRE: "fire flame campfire ember lava bonfire candle burning explosion torch inferno 火 焰 篝火 熔岩 蜡烛 爆炸 燃烧",
    Style.SKY: "sky cloud balloon airplane plane bird flying fly flight heaven wing kite dragon 天空 云 气球 飞机 飞 鸟 翅膀 龙",
    Style.PORTRAIT: "portrait face person man woman girl boy child people dancer singer smile eyes hair actor model speaker interview dance 人像 脸 人 男 女 孩 舞 歌手 微笑 眼 老人 少年",
    Style.ABSTRACT: "abstract pattern gradient shape fluid geometric dream music logo particle liquid ink 抽象 图案 渐变 流体 几何 梦 音乐 粒子 水墨",
}
_LIGHTS: Mapping[Light, str] = {
    Light.DAWN: "dawn sunrise first_light morning daybreak 黎明 日出 清晨 早晨 晨 拂晓",
    Light.DUSK: "dusk sunset evening golden_hour twilight 黄昏 日落 傍晚 夕阳 晚霞 暮",
    Light.NIGHT: "night midnight moon moonlight moonlit star starry neon dark nocturnal cyberpunk aurora 夜 月 星 霓虹 黑暗 极光 午夜",
    Light.DAY: "day noon midday sunny daylight sunlight bright 白天 中午 正午 阳光 晴 白昼",
}
_WEATHER: Mapping[Weather, str] = {
    Weather.RAIN: "rain rainy raining storm stormy thunder downpour drizzle wet umbrella 雨 暴风 雷 伞 湿",
    Weather.SNOW: "snow snowy snowing blizzard winter snowflake snowfall frost 雪 冬 冰",
    Weather.FOG: "fog foggy mist misty haze hazy smoke steam 雾 霾 烟",
    Weather.PETALS: "petal blossom sakura cherry_blossom confetti 花瓣 樱 落花",
    Weather.FIREFLIES: "firefly fireflies magic magical fairy glow glowing 萤火 魔法 仙",
    Weather.EMBERS: "ember spark explosion battle war dragon 火星 余烬 战 爆炸",
    Weather.CLOUDS: "cloud cloudy clouds overcast 云 阴",
}
_SUBJECTS: Mapping[Subject, str] = {
    Subject.BOAT: "boat ship sail sailing sailboat yacht ferry canoe 船 帆 舟",
    Subject.LIGHTHOUSE: "lighthouse 灯塔",
    Subject.FISH: "fish whale dolphin shark jellyfish 鱼 鲸 海豚 水母",
    Subject.ROCKET: "rocket spaceship spacecraft shuttle 火箭 飞船",
    Subject.BALLOON: "balloon 气球",
    Subject.CAR: "car truck taxi bus drive driving vehicle van 车 驾驶",
    Subject.ANIMAL: "fox dog cat wolf deer puppy kitten animal horse lion tiger bear rabbit sheep cow camel 狐 狗 猫 狼 鹿 马 狮 虎 熊 兔 动物 骆驼",
    Subject.BIRDS: "bird birds gull seagull crane eagle swallow flock raven 鸟 海鸥 鹤 鹰 燕",
    Subject.HOUSE: "house cabin cottage hut barn home temple 屋 房子 小屋 木屋 庙",
    Subject.PERSON: "person man woman girl boy child people traveller traveler hiker walker astronaut hero figure someone wanderer monk soldier knight couple samurai dancer 人 男 女 孩 旅人 少年 少女 僧 士 侠",
}
_FRAMINGS: Mapping[Framing, str] = {
    Framing.AERIAL: "aerial drone bird's_eye overhead top_down from_above 航拍 俯 鸟瞰",
    Framing.CLOSE: "close_up closeup macro detail tight 特写 近景 微距",
    Framing.LOW: "low_angle looking_up worm's_eye towering 仰 低角度",
    Framing.WIDE: "wide establishing panorama panoramic landscape long_shot 全景 远景 广角",
}
_MOVES: Mapping[Move, str] = {
    Move.PUSH_IN: "zoom_in zooms_in push_in pushes_in dolly_in closer approach approaching 推近 推进 拉近 推镜",
    Move.PULL_OUT: "zoom_out zooms_out pull_out pull_back pulls_back dolly_out reveal 拉远 拉出 拉镜 后退",
    Move.PAN_LEFT: "pan_left pans_left to_the_left leftward 左摇 向左",
    Move.PAN_RIGHT: "pan_right pans_right to_the_right rightward pan panning tracking track 右摇 向右 摇 横移 跟拍",
    Move.TILT_UP: "tilt_up tilts_up upward rising rise crane_up ascend 上摇 向上 升起 上升",
    Move.TILT_DOWN: "tilt_down tilts_down downward descend falling 下摇 向下 下降",
}
_LOOKS: Mapping[Look, str] = {
    Look.MONO: "black_and_white monochrome noir grayscale greyscale 黑白 单色",
    Look.NIGHT: "night midnight moonlight dark 夜 月光 黑暗",
    Look.COOL: "cool cold blue winter snow ice teal 冷 蓝 冬 雪 冰",
    Look.FADED: "vintage faded retro old film nostalgic pastel dreamy 复古 怀旧 褪色 老 胶片 梦",
    Look.VIVID: "vivid vibrant colourful colorful neon saturated bold 鲜艳 霓虹 饱和 明亮",
    Look.WARM: "warm golden sunset autumn orange sun sunny 暖 金 夕阳 秋 日落 阳光",
}
_WILD = "storm fast furious chase explosion battle race running crash wild thunder energetic dynamic rush action 暴 快 追 爆炸 战 奔 疾 激烈 狂 冲"
_CALM = "calm quiet slow gentle peaceful still serene soft silent tranquil drifting 静 慢 柔 宁 平 缓 安"
_TINTS: Mapping[str, str] = {
    "red crimson scarlet 红": "#d7263d",
    "orange amber 橙": "#ff8c2b",
    "gold golden yellow 金 黄": "#f6c445",
    "green emerald jade 绿 翠": "#3fa66b",
    "teal turquoise cyan 青": "#2fb8b3",
    "blue azure sapphire 蓝": "#2f7fe0",
    "purple violet lavender 紫": "#8a5bd6",
    "pink rose magenta 粉": "#f47fa9",
    "white silver 银": "#f2f4f6",
}


def _p(*seven: str) -> Colours:
    ink, land, far, haze, sky, zenith, light = (f"#{colour}" for colour in seven)
    return Colours(ink=ink, land=land, far=far, haze=haze, sky=sky, zenith=zenith, light=light)


_BY_LIGHT: Mapping[Light, tuple[Colours, ...]] = {
    Light.DAWN: (
        _p("1c1633", "4a2f55", "b0667a", "ffb88a", "f08a8c", "5b5a9c", "ffe6b8"),
        _p("14233a", "35506b", "8fa0b5", "ffd9b8", "f3a99b", "6f8fc0", "fff0d0"),
        _p("23142e", "573a5e", "c07f8f", "ffd3a8", "e9a3a8", "7f7bb8", "fff3d6"),
    ),
    Light.DAY: (
        _p("12343b", "2f6b5e", "7fb2b5", "e8f4ee", "8ecbe6", "2f7fc1", "fffbe6"),
        _p("17303f", "3c6e71", "9cc5c9", "f6f0dc", "a9d6e5", "468faf", "fff6d6"),
        _p("23312a", "5b7f4b", "a9c48f", "fbf1cf", "b8dfe0", "5aa7c7", "fffce8"),
    ),
    Light.DUSK: (
        _p("1a1026", "4b1f3f", "a23b52", "ff8c42", "d94f5c", "3b2a63", "ffd27a"),
        _p("120f2b", "34245c", "7c4a8c", "f78fa7", "a65aa0", "2c2a6b", "ffd9c0"),
        _p("1c1410", "4f3226", "a5613f", "ffb35c", "d97f4a", "5b5568", "ffe7a8"),
    ),
    Light.NIGHT: (
        _p("05070f", "0d1a30", "1d3557", "3f6b8f", "16294d", "070b1f", "dfeaff"),
        _p("04090d", "0b2228", "1c4a4f", "4f8f8a", "14363f", "051018", "e4fff4"),
        _p("080614", "181233", "352a63", "6f5aa8", "251d52", "0a0820", "f0e6ff"),
    ),
}
_OVERCAST = (
    _p("0e1418", "27333a", "56666e", "a9b5b8", "75838a", "3a464e", "e6ecec"),
    _p("101820", "2b3c4a", "5f7788", "b7c6cf", "7f97a8", "445a6c", "eef4f7"),
)
_WINTER = (
    _p("1d2a3a", "4b6a82", "9db8cb", "eef5f8", "bcd2e2", "7fa6c4", "ffffff"),
    _p("262a40", "5c6488", "aeb2cf", "f7eef2", "d3cfe4", "8f95c2", "fff7ee"),
)
_NEON = (
    _p("07040f", "1a0f33", "3a1a5e", "c43c8e", "42206b", "0a0620", "8ff0ff"),
    _p("040812", "0c1f3a", "14416b", "2fa8c9", "17335f", "050b1e", "ffd0ec"),
)
_SPECIAL: Mapping[Style, tuple[Colours, ...]] = {
    Style.UNDERWATER: (
        _p("02131f", "06364a", "0c6680", "3fb7c0", "1490a8", "8ce6df", "e8fff6"),
        _p("050d24", "0a2250", "164a86", "4f9fd6", "2170b0", "9ed8f2", "eefaff"),
    ),
    Style.FIRE: (_p("0b0503", "2b0d06", "6b1d08", "ff7a1a", "3c140a", "0d0606", "ffe08a"),),
    Style.COSMOS: (
        _p("03040c", "141033", "2c3f7a", "b86fd0", "4a3a9c", "060718", "e6f0ff"),
        _p("03060a", "0c2230", "1f5a6b", "e0896a", "2a5f8a", "040a14", "fff0dc"),
    ),
    Style.ABSTRACT: (
        _p("0d0b2b", "3a1c71", "d76d77", "ffaf7b", "6a5acd", "1b2a6b", "fff0d8"),
        _p("04141f", "0b4f6c", "01baef", "20bf9f", "5b5fef", "0b132b", "fbfbff"),
        _p("1a0b1e", "6b1e4b", "e0457b", "ffb86b", "9a4fd0", "2b1055", "fff1e6"),
    ),
}


def found(table: Mapping[Meaning, str], text: str) -> list[Meaning]:
    """Give the meanings a text mentions: most words first, then the one mentioned first."""
    ranked: list[tuple[int, int, int, Meaning]] = []
    for order, (meaning, words) in enumerate(table.items()):
        places = _places(words, text)
        if places:
            ranked.append((-len(places), min(places), order, meaning))
    return [meaning for *_, meaning in sorted(ranked)]


def mentions(words: str, text: str) -> int:
    """Count how many of some words a text holds."""
    return len(_places(words, text))


def _places(words: str, text: str) -> list[int]:
    heard = _heard(text)
    latin, others = _split(words)
    places = [heard[word] for word in latin if word in heard]
    if not text.isascii():
        places += [place for word in others if (place := text.find(word)) >= 0]
    return places


@lru_cache(maxsize=512)
def _split(words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    every = words.split()
    latin = tuple(word.replace("_", " ").replace("-", " ") for word in every if word.isascii())
    return latin, tuple(word for word in every if not word.isascii())


@lru_cache(maxsize=32)
def _heard(text: str) -> Mapping[str, int]:
    """Give where each word, plural or not, and each run of two or three words first stands."""
    heard: dict[str, int] = {}
    matches = [(match.group(), match.start()) for match in re.finditer(r"[a-z']+", text.lower())]
    for number, (word, place) in enumerate(matches):
        run = word
        for form in (word, word.removesuffix("'s"), word.removesuffix("s"), word.removesuffix("es")):
            heard.setdefault(form, place)
        for after, _ in matches[number + 1 : number + 3]:
            run = f"{run} {after}"
            heard.setdefault(run, place)
    return heard


def energy_of(text: str) -> float:
    """Tell how wild a text is, 0 to 1."""
    return min(1.0, max(0.05, 0.32 + 0.2 * mentions(_WILD, text) - 0.12 * mentions(_CALM, text)))


def move_of(text: str) -> Move | None:
    """Give the camera move a text asks for."""
    return next(iter(found(_MOVES, text)), None)


def framing_of(text: str) -> Framing:
    """Give the distance a text asks for."""
    return next(iter(found(_FRAMINGS, text)), Framing.WIDE)


def look_of(text: str, seed: int) -> Look:
    """Give the grade an edit asks for."""
    looks = found(_LOOKS, text)
    if Look.MONO in looks:
        return Look.MONO  # a colour named beside it only describes the mood
    return looks[0] if looks else (Look.WARM, Look.COOL, Look.FADED, Look.VIVID)[seed % 4]


def backdrop_of(text: str, setting: str, others: str, seed: int) -> Backdrop:
    """Turn the words of a shot into a scene.

    What the shot does not say is taken from the `setting` that holds for all shots; where it is, and when, also from
    the `others`.
    """
    context = f"{setting} {others}"
    style = _first(_STYLES, text, context) or Style.ABSTRACT
    light = _first(_LIGHTS, text, context)
    weather = _first(_WEATHER, text, setting) or Weather.CLEAR
    subjects = found(_SUBJECTS, text)
    night = light is Light.NIGHT or style in (Style.COSMOS, Style.FIRE)
    chosen = light or (Light.DAWN, Light.DAY, Light.DUSK)[seed % 3]
    return Backdrop(
        style=style,
        colours=_tinted(_palette(style, chosen, weather, light, seed), text),
        night=night,
        low_sun=chosen in (Light.DAWN, Light.DUSK),
        weather=Weather.CLEAR if style in _INDOORS and weather is not Weather.FIREFLIES else weather,
        subject=next((s for s in subjects if s in _FITS[style]), None),
        energy=energy_of(f"{text} {setting}"),
        seed=seed,
    )


_INDOORS = (Style.ROOM, Style.UNDERWATER, Style.COSMOS, Style.PORTRAIT, Style.ABSTRACT)
_LAND = frozenset({Subject.PERSON, Subject.ANIMAL, Subject.HOUSE, Subject.BIRDS, Subject.BALLOON})
_FITS: Mapping[Style, frozenset[Subject]] = {
    Style.ABSTRACT: frozenset(),
    Style.CITY: frozenset({Subject.PERSON, Subject.ANIMAL, Subject.BALLOON, Subject.BIRDS}),
    Style.COSMOS: frozenset({Subject.ROCKET}),
    Style.DESERT: _LAND - {Subject.HOUSE},
    Style.FIRE: frozenset({Subject.PERSON, Subject.ANIMAL}),
    Style.FOREST: _LAND - {Subject.BALLOON},
    Style.MEADOW: _LAND,
    Style.MOUNTAINS: _LAND,
    Style.PORTRAIT: frozenset(),
    Style.ROAD: frozenset({Subject.CAR, Subject.PERSON, Subject.BIRDS, Subject.BALLOON}),
    Style.ROOM: frozenset({Subject.PERSON, Subject.ANIMAL}),
    Style.SEA: frozenset({Subject.BOAT, Subject.LIGHTHOUSE, Subject.BIRDS, Subject.BALLOON}),
    Style.SKY: frozenset({Subject.BALLOON, Subject.BIRDS, Subject.ROCKET}),
    Style.UNDERWATER: frozenset({Subject.FISH}),
}


def _first(table: Mapping[Meaning, str], text: str, context: str) -> Meaning | None:
    return next(iter(found(table, text) or found(table, context)), None)


def _palette(style: Style, light: Light, weather: Weather, said: Light | None, seed: int) -> Colours:
    if style in _SPECIAL:
        choice = _SPECIAL[style]
    elif style is Style.CITY and light is Light.NIGHT:
        choice = _NEON
    elif light is Light.NIGHT:
        choice = _BY_LIGHT[Light.NIGHT]
    elif weather is Weather.SNOW and said is not Light.DUSK:
        choice = _WINTER
    elif weather in (Weather.RAIN, Weather.FOG) and said is None:
        choice = _OVERCAST
    else:
        choice = _BY_LIGHT[light]
    return choice[(seed // 3) % len(choice)]


def _tinted(colours: Colours, text: str) -> Colours:
    tint = next((hexed for words, hexed in _TINTS.items() if mentions(words, text)), None)
    if tint is None:
        return colours
    return Colours(
        ink=_mixed(colours.ink, tint, 0.08),
        land=_mixed(colours.land, tint, 0.2),
        far=_mixed(colours.far, tint, 0.34),
        haze=_mixed(colours.haze, tint, 0.4),
        sky=_mixed(colours.sky, tint, 0.36),
        zenith=_mixed(colours.zenith, tint, 0.2),
        light=_mixed(colours.light, tint, 0.16),
    )


def _mixed(one: str, other: str, share: float) -> str:
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
