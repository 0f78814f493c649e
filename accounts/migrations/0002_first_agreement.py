"""The first version of the confidentiality agreement (001 七(一)), which everybody signs before access."""

from datetime import UTC, datetime

from django.db import migrations

ZH = """为保护公司和渠道单位的信息，使用本平台的人员在取得访问权限之前，阅读并签署本协议。

一、保密的内容：平台上的通知、文件、反馈单及其答复、渠道单位和人员的资料、价格和政策、评价结果，以及因使用平台而知道的其他不对外公开的信息。

二、我承诺：只为工作需要查看和使用这些信息；不向无权知道的人透露、转发或复制；不在公开的网络空间、社交软件和不受控制的设备上存放；打印和导出的资料妥善保管，用后销毁。

三、账号只由本人使用。我不把账号和密码告诉任何人，按规定每月更换密码；发现账号可能被他人使用时，立即更换密码并报告。

四、发现泄密或可能泄密时，我立即向本单位负责人和企发部报告，并配合处理。

五、岗位变动、离职或者本单位与公司的合作终止时，我交还所持有的资料，不再使用账号；保密的义务在此之后继续有效，直到有关信息由公司公开。

六、我知道平台记录登录、查看、下载和修改。违反本协议的，公司可以停用账号，并按公司制度、有关协议和法律追究责任。"""

EN = """To protect the information of the company and of its channel units, everybody who uses this portal reads and signs this agreement before access is given.

1. What is confidential: the notices, files, tickets and answers on this portal, the data of channel units and people, prices and policies, the results of evaluations, and whatever else that is not public becomes known by using the portal.

2. I promise to look at and use this information for my work only; not to disclose, forward or copy it to anybody who is not entitled to it; not to keep it on public sites, in social media or on devices that are not under control; to keep printed and exported material safe and to destroy it after use.

3. My account is used by me alone. I tell nobody my password and change it every month. If somebody else may have used my account, I change the password at once and report it.

4. If information has leaked or may have leaked, I report it at once to the head of my unit and to the supervising department, and help to deal with it.

5. When my position changes, when I leave, or when my unit's cooperation with the company ends, I return what I hold and no longer use the account. The duty of confidence continues until the company makes the information public.

6. I know that the portal records sign-ins, views, downloads and changes. For breaches of this agreement the company may close the account and take action under its rules, agreements and the law."""


def publish(apps, schema_editor):
    agreements = apps.get_model("accounts", "Agreement")
    start = datetime(2020, 1, 1, tzinfo=UTC)  # before anything that a demo or an import may tell of
    agreements.objects.get_or_create(version=1, defaults={"text_zh": ZH, "text_en": EN, "in_force_from": start})


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
