"""What to do about each error code, in Chinese; the English stands with the code itself."""

from __future__ import annotations

ADVICE_ZH: dict[str, str] = {
    "unauthorized": "检查所用的密钥；若消息提到某个渠道，请运维者更新该渠道的密钥。",
    "permission_or_channel": "从 `reelgate models` 中选择模型，或请运维者授权。",
    "account_suspended": "请运维者处理上游账户，或停用该渠道。",
    "quota_exhausted": "请运维者为上游账户充值；等待中的任务随后会继续。",
    "insufficient_credit": "减少秒数、选择更便宜的模型，或增加额度。",
    "budget_exceeded": "提高上限，或等到周期重新开始。",
    "rate_limited": "等待所给的时间后，重新发送同样的请求。",
    "concurrency_limited": "等其中一个结束；排队的任务会自动开始。",
    "overloaded": "稍后再试。",
    "server_error": "重新发送之前，先查看任务。",
    "upstream_internal": "重新发送请求，或换一个模型。",
    "runner_disconnected": "重新发送请求。",
    "upstream_failed": "按消息提示修改请求，或换一个模型。",
    "upstream_lost": "重新发送请求；运维者可核对上游自己的记录。",
    "task_not_found_or_expired": "重新发送请求。",
    "expired": "在较空闲的时间或向其他模型重新发送请求。",
    "asset_expired": "请求新的链接；若上游也没有，则重新生成。",
    "not_found": "检查 id，并确认密钥属于其所有者。",
    "not_ready": "等任务完成后再请求。",
    "invalid_request": "改正所指出的参数。",
    "content_policy": "修改提示词或图片。",
    "content_filtered": "修改提示词或图片；有些上游会对被拦截的视频收费。",
    "model_retired": "选择仍可用的模型；运维者可把旧名称指向它。",
    "no_output": "重新发送请求；运维者可向上游索要视频。",
    "bad_gateway_payload": "无需操作：状态保持不变，会再次询问上游。",
    "requires_action": "请运维者查看上游的控制台。",
    "submission_unknown": "不会自动重新发送：请给出上游 id，或确认它从未存在。",
    "deadline_exceeded": "迟到的结果会补上，不会再次收费。",
    "cancelled": "无需操作。",
    "blocked_address": "使用公网地址、上传文件，或请运维者放行该地址。",
    "payload_too_large": "发送更小的文件或更短的文字。",
    "unsupported_media": "发送 JPEG、PNG 或 WebP 图片，或 MP4、MOV、WebM 视频。",
}
"""What to do about each error code, in Chinese."""
