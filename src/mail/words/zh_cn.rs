//! Simplified Chinese.

use super::{Params, Words};
use crate::mail::MailKind;

const NOT_YOU: &str = "如果不是您本人操作，忽略此邮件即可。";
const REACT: &str = "如果不是您本人操作，请立即重置密码，并检查登录设备。";

pub(super) fn words(kind: MailKind, params: &Params<'_>) -> Words {
    let name = params.text("name");
    let hello = if name.is_empty() { "您好：".to_owned() } else { format!("{name}，您好：") };
    let mail = |subject: &str, sentences: &[&str]| Words {
        subject: subject.to_owned(),
        paragraphs: std::iter::once(hello.clone()).chain(sentences.iter().map(|s| (*s).to_owned())).collect(),
        closing: NOT_YOU,
        ..Words::default()
    };
    match kind {
        MailKind::VerifyEmail => Words {
            action: Some("验证邮箱"),
            before_code: Some("也可以在注册页面输入以下验证码："),
            ..mail(
                "请验证您的邮箱",
                &[
                    "有人使用此邮箱注册了账号。如果是您本人，请在 30 分钟内完成验证。",
                    "如果不是您本人，请不要点击：否则对方会得到一个以您名义开通的账号。",
                ],
            )
        },
        MailKind::AlreadyRegistered => Words {
            action: Some("重设密码"),
            ..mail(
                "您已经有账号了",
                &[
                    "有人尝试用此邮箱注册，但该邮箱已有账号，直接登录即可。",
                    "如果忘记了密码，可以在 30 分钟内重新设置。",
                ],
            )
        },
        MailKind::ResetPassword => Words {
            action: Some("重设密码"),
            ..mail("重设密码", &["我们收到了重设密码的请求。链接 30 分钟内有效，只能使用一次。"])
        },
        MailKind::ConfirmEmailChange => Words {
            action: Some("确认使用此邮箱"),
            ..mail("请确认新邮箱", &["此邮箱将成为您的登录邮箱，请在 30 分钟内确认。"])
        },
        MailKind::EmailChangeRequested => Words {
            closing: REACT,
            ..mail(
                "有人申请更换您的登录邮箱",
                &[&format!("您的账号申请改用 {} 登录，待新邮箱确认后生效。", params.text("email"))],
            )
        },
        MailKind::EmailChanged => Words {
            closing: "如果不是您本人操作，请立即联系管理员。",
            ..mail(
                "登录邮箱已更换",
                &[&format!("您的登录邮箱已改为 {}，此邮箱不再使用。", params.text("email"))],
            )
        },
        MailKind::Invitation => Words {
            action: Some("创建账号"),
            closing: "如果您并不清楚这份邀请，忽略此邮件即可。",
            ..mail(
                "邀请您加入",
                &[&format!(
                    "{} 邀请您使用 FastGPT Platform，邀请在 {} 前有效。",
                    params.text("invitedBy"),
                    params.text("expiresAt")
                )],
            )
        },
        MailKind::PasswordChanged => Words {
            closing: REACT,
            ..mail("密码已修改", &["您的密码已修改，其他设备上的登录均已退出。"])
        },
        MailKind::NewDevice => Words {
            action: Some("不是我登录的"),
            closing: "如果是您本人登录，无需任何操作。",
            ..mail(
                "新设备登录提醒",
                &[
                    &format!(
                        "您的账号刚刚在一台从未使用过的设备上登录：{}（{}）。",
                        or(params.text("device"), "未知设备"),
                        params.text("ip")
                    ),
                    "如果不是您本人，请立即退出该登录并设置新密码：",
                ],
            )
        },
        MailKind::SecondFactorsChanged => Words {
            closing: REACT,
            ..mail("两步验证方式已变更", &["您账号的身份验证器、通行密钥或恢复码有增减。"])
        },
        MailKind::ApiKeyCreated => Words {
            closing: "如果不是您本人操作，请吊销该密钥并修改密码。",
            ..mail(
                "已创建新的 API 密钥",
                &[&format!("您的账号新建了 API 密钥“{}”。", params.text("keyName"))],
            )
        },
        MailKind::AccountLinked => Words {
            closing: "如果不是您本人操作，请立即到“安全”页面取消关联，重置密码，并检查登录设备。",
            ..mail(
                "已关联新的登录账号",
                &[&format!("您的账号关联了“{}”的一个账号，以后可以用它登录。", params.text("provider"))],
            )
        },
        MailKind::AccountUnlinked => Words {
            closing: REACT,
            ..mail(
                "已取消关联登录账号",
                &[&format!(
                    "您的账号已取消与“{}”一个账号的关联，以后不能再用它登录。",
                    params.text("provider")
                )],
            )
        },
        MailKind::DataExportReady => Words {
            action: Some("前往下载"),
            closing: "如果不是您本人申请的，请修改密码并检查登录会话。",
            ..mail("数据已可下载", &["您申请的个人数据副本已准备好，请在一天内到“安全”页面下载。"])
        },
        MailKind::DeletionScheduled => Words {
            closing: "如果不是您本人操作，请登录后取消注销，并修改密码。",
            ..mail(
                "账号即将注销",
                &[&format!("您的账号及数据将于 {} 清除。在此之前，登录后可随时取消。", params.text("at"))],
            )
        },
        MailKind::AccountErased => Words {
            closing: "这是关于该账号的最后一封邮件。",
            ..mail("账号已注销", &["按照您的要求，账号及其数据已全部清除。"])
        },
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}
