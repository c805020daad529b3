r"""The shapes of secrets, one row each: a name, what hints at it, the pattern, an example and a counter-example.

Group 1 of a pattern is what is hidden. A pattern is tried only where one of its hints occurs (in lower case), and each
of its parts is bounded, so that no text makes it slow. In the examples `<A20>` stands for 20 random letters and digits,
`<H..>` for hexadecimal digits, `<U..>` for capitals and digits, `<D..>` for digits: no row holds a secret. The shapes
of tokens are those their issuers document; which there are is also known from the lists of gitleaks, detect-secrets and
trufflehog. The table has as many lines as there are kinds. A rule that `masks` hides the value and keeps the file; the others keep the whole file out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A shape of secret; `checked` ones must have a value that reads like one, not like a placeholder."""

    kind: str
    hints: Sequence[str]
    pattern: re.Pattern[str]
    example: str
    counter_example: str
    masks: bool = False
    checked: bool = False


def _token(kind: str, hints: str, pattern: str, example: str, counter: str) -> Rule:
    return Rule(kind, hints.split(), re.compile(r"(?<![A-Za-z0-9_])(" + pattern + ")"), example, counter)


def _given(kind: str, hints: str, pattern: str, example: str, counter: str) -> Rule:
    """A value that its surroundings give away; on one line, but for the rule that says otherwise."""
    if kind != SEVERAL_LINES:
        pattern = pattern.replace(r"\s{", r"[ \t]{").replace(r"|\s)", r"|[ \t])").replace(r"\s(?:", r"[ \t](?:")
    flags = re.IGNORECASE | re.MULTILINE
    return Rule(kind, hints.split(), re.compile(pattern, flags), example, counter, masks=True, checked=True)


def _mask(kind: str, hints: str, pattern: str, example: str, counter: str) -> Rule:
    """A value that needs no check."""
    return Rule(kind, hints.split(), re.compile(pattern), example, counter, masks=True)


#: The kind whose value stands below its name.
SEVERAL_LINES = "value over several lines"
#: A quoted value; the quotes stay.
_Q = r"[rbu]?[\"'`]([^\"'`\r\n]{4,200})[\"'`]"
#: A value of a command line, quoted or not.
_V = r"[\"']?([^\s\"'|;&<>]{4,200})"
_NAME = r"[A-Za-z0-9_.\-]{0,40}"
#: Names that can only mean a password, or that end in a word for a secret.
_TELLING = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|secret[_-]?key|access[_-]?key|private[_-]?key"
    r"|auth[_-]?key|credentials?|encryption[_-]?key|signing[_-]?key|account[_-]?key)"
)
_PASSWORD = r"(?:pass(?:word|wd|phrase|code)|pwd|(?<![a-z])pass)"

TOKENS = (
    _token(
        "Atlassian token", "atatt3 atctt3", r"AT[AC]TT3[A-Za-z0-9_\-=]{24,250}", "ATATT3<A40>", "ATATT3 is a prefix"
    ),
    _token("Adafruit key", "aio_", r"aio_[A-Za-z0-9]{28}", "aio_<A28>", "aio_task"),
    _token("Airtable token", "pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", "pat<A14>.<H64>", "pattern.match"),
    _token("Alibaba access key", "ltai", r"LTAI[A-Za-z0-9]{12,20}(?![A-Za-z0-9])", "LTAI<A20>", "LTAI5"),
    _token("Age of Anthropic", "sk-ant-", r"sk-ant-[A-Za-z0-9_\-]{20,200}", "sk-ant-<A40>", "sk-ant-"),
    _token("Artifactory key", "akcp cmvmd", r"AKCp[A-Za-z0-9]{60,80}|cmVmd[A-Za-z0-9]{59}", "AKCp<A69>", "AKCp5"),
    _token("Asana token", "1/ 0/ 2/", r"[0-2]/\d{12,20}:[a-f0-9]{32}", "1/<D16>:<H32>", "1/2:3"),
    _token("Azure AD client secret", "q~", r"[A-Za-z0-9_~.\-]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}", "<A3>8Q~<A34>", "8Q~x"),
    _token("Beamer key", "b_", r"b_[A-Za-z0-9=_\-]{44}(?![\w=-])", "b_<A44>", "b_name"),
    _token("Buildkite token", "bkua_", r"bkua_[a-z0-9]{40}", "bkua_<H40>", "bkua_"),
    _token("Clojars token", "clojars_", r"(?:CLOJARS|clojars)_[A-Za-z0-9]{60}", "CLOJARS_<A60>", "clojars_repo"),
    _token("Cloudflare origin key", "v1.0-", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}", "v1.0-<H24>-<H146>", "v1.0-rc"),
    _token("Contentful token", "cfpat-", r"CFPAT-[A-Za-z0-9_\-]{43}", "CFPAT-<A43>", "CFPAT-1"),
    _token("Doppler token", "dp.", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9.]{40,50}", "dp.pt.<A43>", "dp.pt.x"),
    _token("Docker token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_\-]{27,60}", "dckr_pat_<A27>", "dckr_pat_"),
    _token("Dropbox token", "sl.", r"sl\.[A-Za-z0-9_\-]{60,200}", "sl.<A135>", "sl.name"),
    _token("Duffel token", "duffel_", r"duffel_(?:test|live)_[A-Za-z0-9_\-=]{43}", "duffel_live_<A43>", "duffel_test"),
    _token("Dynatrace token", "dt0c01.", r"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}", "dt0c01.<U24>.<U64>", "dt0c01."),
    _token("EasyPost key", "ezak ezta", r"EZ[AT]K[A-Za-z0-9]{54}", "EZAK<A54>", "EZAKx"),
    _token("Facebook token", "eaa", r"EAA[MCB][A-Za-z0-9]{90,200}", "EAAC<A100>", "EAAC"),
    _token("Figma token", "figd_", r"figd_[A-Za-z0-9_\-]{40}", "figd_<A40>", "figd_x"),
    _token(
        "Fly.io token", "fo1_ fm1 fm2_", r"fo1_[\w\-]{43}|fm[12][ar]?_[A-Za-z0-9+/]{100,400}=*", "fo1_<A43>", "fo1_"
    ),
    _token("Flutterwave key", "flw", r"FLW(?:SEC|PUB)K(?:_TEST)?-[a-h0-9]{12,40}-X", "FLWSECK_TEST-<H32>-X", "FLWSECK"),
    _token("Frame.io token", "fio-u-", r"fio-u-[A-Za-z0-9_\-=]{64}", "fio-u-<A64>", "fio-u-x"),
    _token("GitHub app key", "v1.", r"v1\.[a-f0-9]{40}(?![a-f0-9])", "v1.<H40>", "v1.2.3"),
    _token(
        "GitLab deploy or runner token",
        "gl",
        r"gl(?:agent|imt|oas|ffct|sbt)-[\w\-]{20,64}|GR1348941[\w\-]{20}",
        "glagent-<A50>",
        "glagent-k",
    ),
    _token(
        "Grafana token",
        "glc_ glsa_ eyjrijoi",
        r"glc_[A-Za-z0-9+/]{32,400}={0,2}|glsa_[A-Za-z0-9]{32}_[a-fA-F0-9]{8}|eyJrIjoi[A-Za-z0-9]{70,400}={0,2}",
        "glsa_<A32>_<H8>",
        "glsa_",
    ),
    _token(
        "Harness token",
        "pat. sat.",
        r"[ps]at\.[A-Za-z0-9_\-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}",
        "pat.<A22>.<H24>.<A20>",
        "pat.name",
    ),
    _token(
        "HashiCorp Terraform token",
        "atlasv1",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9\-_=]{60,70}",
        "<A14>.atlasv1.<A64>",
        "x.atlasv1.",
    ),
    _token(
        "Hugging Face organisation token", "api_org_", r"api_org_[A-Za-z]{34}", "api_org_" + "a" * 34, "api_org_name"
    ),
    _token("Infracost key", "ico-", r"ico-[A-Za-z0-9]{32}", "ico-<A32>", "ico-small"),
    _token("Intra42 secret", "s-s4t2", r"s-s4t2(?:ud|af)-[a-f0-9]{64}", "s-s4t2ud-<H64>", "s-s4t2ud"),
    _token("LangSmith key", "lsv2_", r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}", "lsv2_pt_<H32>_<H10>", "lsv2_pt"),
    _token(
        "Lob key", "live_ test_", r"(?:live|test)_(?:pub_)?[a-f0-9]{31,35}(?![a-z0-9])", "live_<H35>", "test_deadbeef"
    ),
    _token("MailChimp key", "-us", r"[a-f0-9]{32}-us\d{1,2}(?!\d)", "<H32>-us12", "en-us12"),
    _token(
        "MessageBird or Mapbox secret",
        "sk.eyj",
        r"sk\.eyJ[A-Za-z0-9_\-]{20,200}\.[A-Za-z0-9_\-]{20,40}",
        "sk.eyJ<A60>.<A22>",
        "sk.eyJ",
    ),
    _token(
        "New Relic key",
        "nrak- nrjs- nrii- nraa-",
        r"NR(?:AK|AA|II|IQ|RA|SP|JS)-[A-Za-z0-9]{19,42}",
        "NRAK-<U27>",
        "NRAK-1",
    ),
    _token(
        "Notion token",
        "ntn_ secret_",
        r"ntn_[A-Za-z0-9]{40,50}|secret_[A-Za-z0-9]{43}(?![A-Za-z0-9])",
        "secret_<A43>",
        "secret_name",
    ),
    _token("NuGet key", "oy2", r"oy2[a-z0-9]{43}(?![a-z0-9])", "oy2<H43>", "oy2x"),
    _token("OpenShift token", "sha256~", r"sha256~[\w\-]{43}", "sha256~<A43>", "sha256~"),
    _token(
        "Perplexity or Groq key",
        "pplx- gsk_",
        r"pplx-[A-Za-z0-9]{40,60}|gsk_[A-Za-z0-9]{40,60}",
        "pplx-<A48>",
        "pplx-1",
    ),
    _token(
        "PlanetScale token",
        "pscale_",
        r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9=._\-]{32,64}",
        "pscale_pw_<A43>",
        "pscale_pw_",
    ),
    _token(
        "Plaid token",
        "access-",
        r"access-(?:sandbox|development|production)-[0-9a-f]{8}-[0-9a-f\-]{27}",
        "access-sandbox-<H8>-<H4>-<H4>-<H4>-<H12>",
        "access-sandbox-1",
    ),
    _token("Postman key", "pmak-", r"PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}", "PMAK-<H24>-<H34>", "PMAK-x"),
    _token("Prefect key", "pnu_ pnb_", r"pn[ub]_[A-Za-z0-9]{36}", "pnu_<A36>", "pnu_x"),
    _token("Pulumi token", "pul-", r"pul-[a-f0-9]{40}", "pul-<H40>", "pul-1"),
    _token("ReadMe key", "rdme_", r"rdme_[a-z0-9]{70}", "rdme_<H70>", "rdme_x"),
    _token(
        "Replicate or Together key", "r8_ tgp_", r"r8_[A-Za-z0-9]{37}|tgp_v1_[A-Za-z0-9_\-]{40,50}", "r8_<A37>", "r8_x"
    ),
    _token("RubyGems key", "rubygems_", r"rubygems_[a-f0-9]{48}", "rubygems_<H48>", "rubygems_api"),
    _token("Scaleway or Settlemint key", "sm_", r"sm_(?:aat|pat|sat)_[A-Za-z0-9]{16}", "sm_pat_<A16>", "sm_pat_x"),
    _token("Sentry token", "sntrys_ sntryu_", r"sntry[su]_[A-Za-z0-9+/=_\-]{60,300}", "sntryu_<H64>", "sntryu_"),
    _token("Shippo token", "shippo_", r"shippo_(?:live|test)_[a-fA-F0-9]{40}", "shippo_live_<H40>", "shippo_test"),
    _token("Sendinblue key", "xkeysib-", r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}", "xkeysib-<H64>-<A16>", "xkeysib-x"),
    _token(
        "Sidekiq or Sourcegraph token",
        "sgp_ slk_",
        r"sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}|slk_[a-f0-9]{64}",
        "sgp_<H40>",
        "sgp_x",
    ),
    _token(
        "Snyk or Supabase token",
        "sbp_ snyk_",
        r"sbp_[a-f0-9]{40}|snyk_[a-z]{3}\.[A-Za-z0-9._\-]{40,200}",
        "sbp_<H40>",
        "sbp_x",
    ),
    _token("SonarQube token", "sqp_ squ_ sqa_", r"sq[pua]_[a-f0-9]{40}", "squ_<H40>", "squ_x"),
    _token(
        "Tailscale key",
        "tskey-",
        r"tskey-[a-z]{2,12}-[A-Za-z0-9]{8,20}-[A-Za-z0-9]{20,40}",
        "tskey-auth-<A11>-<A32>",
        "tskey-auth",
    ),
    _token("Typeform token", "tfp_", r"tfp_[A-Za-z0-9\-_.=]{59}", "tfp_<A59>", "tfp_x"),
    _token("Vercel token", "vcp_ vck_", r"vc[pkira]_[A-Za-z0-9]{24,60}", "vcp_<A56>", "vcp_x"),
    _token("Yandex token", "aqva y0_ t1.", r"AQVN[A-Za-z0-9_\-]{35,38}|y0_[A-Za-z0-9_\-]{50,60}", "y0_<A55>", "y0_x"),
    _token("wallet key", "xprv yprv zprv", r"[xyz]prv[1-9A-HJ-NP-Za-km-z]{100,112}", "xprv" + "9s2K" * 26, "xprv9"),
    _token(
        "webhook",
        "outlook.office webhook.office",
        r"[a-z0-9.\-]{0,40}office(?:365)?\.com/webhook[a-z0-9]{0,3}/[a-zA-Z0-9@\-]{36,100}/IncomingWebhook/[a-f0-9]{32}/[a-f0-9\-]{36}",
        "x.webhook.office.com/webhookb2/<H36>/IncomingWebhook/<H32>/<H36>",
        "x.office.com/webhook",
    ),
    _token(
        "Zapier hook",
        "hooks.zapier.com",
        r"hooks\.zapier\.com/hooks/catch/\d{4,10}/\w{5,12}",
        "hooks.zapier.com/hooks/catch/<D7>/<A7>",
        "hooks.zapier.com/hooks",
    ),
)

GIVEN = (
    _given(
        "client secret in a call",
        "clientsecretcredential",
        r"ClientSecretCredential\([^)\n]{0,300}?,\s{0,20}" + _Q + r"\s{0,20}\)",
        'ClientSecretCredential(tenant, client, "<A20>")',
        "ClientSecretCredential(tenant, client, secret)",
    ),
    _given(
        "user and password on a command line",
        "curl wget http",
        r"\b(?:curl|wget|http)\b[^\n]{0,300}?\s(?:-u|--user|--proxy-user|-a)[= ]{0,2}[\"']?[^\s:\"']{1,80}:" + _V,
        "curl -u admin:<A12> https://x.y",
        'curl -u "$USER:$PASSWORD" https://x.y',
    ),
    _given(
        "password on a command line",
        "mysql mariadb mongo",
        r"\b(?:mysql\w{0,10}|mariadb\w{0,10})\b[^\n]{0,200}?\s-p" + _V,
        "mysql -u root -p<A10> db",
        "mysql -u root -p db",
    ),
    _given(
        "password on a command line",
        "sshpass",
        r"\bsshpass\s{1,5}-p\s{0,5}" + _V,
        "sshpass -p <A10> ssh x",
        'sshpass -p "$PASS" ssh x',
    ),
    _given(
        "password option",
        "--pass --token --secret --api-key --client-secret --auth",
        r"(?<![\w-])--(?:[a-z]{1,20}-){0,3}(?:pass(?:word|wd|phrase)?|secret|token|api-?key|access-?key)(?:=|\s{1,3})"
        + _V,
        "tool login --password <A12> x",
        "tool login --password $PASSWORD",
    ),
    _given(
        "service principal",
        "service-principal",
        r"--service-principal\b[^\n]{0,200}?\s-p\s{1,5}" + _V,
        "az login --service-principal -u x -p <A20>",
        "az login --service-principal -u x -p $P",
    ),
    _given(
        "docker or registry login",
        "login",
        r"\blogin\b[^\n]{0,200}?\s-p\s{1,5}" + _V,
        "docker login -u me -p <A14> x.io",
        "docker login -u me -p $P x.io",
    ),
    _given(
        "password in an OpenSSL argument",
        "pass:",
        r"-(?:pass|passin|passout)\s{1,5}pass:" + _V,
        "openssl enc -pass pass:<A10>",
        "openssl enc -pass file:x",
    ),
    _given(
        "environment of a command",
        "pgpassword= mysql_pwd= redisclicauth= aws_secret_access_key=",
        r"\b(?:PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH|AWS_SECRET_ACCESS_KEY)=" + _V,
        "PGPASSWORD=<A10> psql",
        "PGPASSWORD=$P psql",
    ),
    _given(
        "Windows credentials",
        "net convertto",
        r"(?:\bnet\s{1,3}use\b[^\n]{0,150}?/user:\S{1,60}\s{1,3}|ConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?)[\"']([^\"'\n]{4,100})[\"']",
        'ConvertTo-SecureString "<A12>" -AsPlainText',
        "ConvertTo-SecureString $p -AsPlainText",
    ),
    _given(
        "Ansible variable",
        "ansible_",
        r"\bansible_[a-z_]{0,20}pass(?:word)?\s{0,5}[:=]\s{0,5}" + _V,
        "ansible_ssh_pass=<A8>",
        'ansible_ssh_pass="{{ vault }}"',
    ),
    _given(
        "password of a short name",
        "pass",
        r"(?<![a-z])[a-z0-9_.\-]{0,30}[_.\-]pass[\"']?\s{0,5}(?::|=)\s{0,5}" + _Q,
        'smtp_pass = "<A8>"',
        'all_pass = "yes, they do"',
    ),
    _given(
        "docker auth entry",
        "auth",
        r"\"_?auth\"\s{0,10}:\s{0,10}\"([A-Za-z0-9+/]{12,400}={0,2})\"",
        '"auth": "dXNl<A14>=="',
        '"auth": "basic"',
    ),
    _given(
        "npm auth entry",
        "_auth",
        r"_(?:auth|authToken|password)\s{0,5}=\s{0,5}" + _V,
        "//x/:_authToken=<A30>",
        "//x/:_authToken=${TOKEN}",
    ),
    _given(
        "XML element",
        "</",
        r"<(?:\w{1,20}:)?" + _NAME + _TELLING + r">\s{0,20}([^<\s][^<\n]{2,200}?)\s{0,20}</",
        "<password><A10></password>",
        "<password>${env.PASSWORD}</password>",
    ),
    _given(
        "XML attribute",
        "value",
        r"(?:key|name)=\"" + _NAME + _TELLING + r"\"\s{1,10}value=\"([^\"\n]{4,200})\"",
        '<add key="DbPassword" value="<A10>" />',
        '<add key="Width" value="300px" />',
    ),
    _given(
        "XML attribute",
        "password= pwd= secret= key=",
        r"\s(?:password|pwd|secret|apikey)=\"([^\"\n]{4,200})\"",
        '<user name="x" password="<A10>"/>',
        '<input type="password" name="x"/>',
    ),
    _given(
        "connection string",
        "password= pwd= user",
        r"(?:^|[;\"'\s])(?:password|pwd)\s{0,3}=\s{0,3}([^;\"'\s]{4,100})(?=;|[\"'])",
        '"Server=x;User=sa;Password=<A10>;"',
        '"Server=x;Password={0};"',
    ),
    _given(
        "constant",
        "const static #define let val final",
        r"\b(?:const|static|let|val|final|var|define)\b[^\n=]{0,80}?\b"
        + _NAME
        + _TELLING
        + r"\b[^\n=\"']{0,40}(?:=|\s)\s{0,10}&?\s{0,3}"
        + _Q,
        'const API_KEY: &str = "<A12>";',
        'const API_KEY: &str = env!("K");',
    ),
    _given(
        "macro",
        "#define",
        r"#\s{0,5}define\s{1,10}" + _NAME + _TELLING + r"\s{1,10}" + _Q,
        '#define WIFI_PASSWORD "<A10>"',
        "#define PASSWORD_MAX 20",
    ),
    _given(
        "character array",
        "char",
        r"\bchar\s{1,5}\*?\s{0,5}(?:const\s{1,5})?" + _NAME + _TELLING + r"\s{0,5}(?:\[\d{0,5}\])?\s{0,5}=\s{0,5}" + _Q,
        'static char password[] = "<A10>";',
        'char password[32] = "";',
    ),
    _given(
        "default of an environment look-up",
        "env",
        r"(?:environ(?:\.get)?|getenv|env|ENV\.fetch|config)\s{0,3}[(\[]\s{0,5}[\"']"
        + _NAME
        + _TELLING
        + r"[\"']\s{0,5},\s{0,5}(?:default\s{0,3}=\s{0,3})?"
        + _Q,
        'os.environ.get("DB_PASSWORD", "<A10>")',
        'os.environ.get("DB_PASSWORD", "")',
    ),
    _given(
        "default of an environment look-up",
        "env",
        r"(?:environ(?:\.get)?|getenv|env)\s{0,3}[.(\[]\s{0,5}[\"']?"
        + _NAME
        + _TELLING
        + r"[\"']?\s{0,5}[)\]]?\s{0,5}(?:\|\||\?\?|\bor\b|\?:)\s{0,5}"
        + _Q,
        'process.env.API_TOKEN || "<A12>"',
        "process.env.API_TOKEN || ''",
    ),
    _given(
        "default of a shell variable",
        "${",
        r"\$\{" + _NAME + _TELLING + r":[-=]([^}\s$]{4,100})\}",
        "${DB_PASSWORD:-<A10>}",
        "${DB_PASSWORD:-}",
    ),
    _given(
        "setter",
        "password( passwd( passphrase( pass( pwd( secret( token( key( credential( credentials( passcode(",
        r"\b(?:set|with|use)?_?" + _NAME + _TELLING + r"\(\s{0,10}" + _Q + r"\s{0,10}\)",
        'config.setPassword("<A10>")',
        'getPassword("label.user")',
    ),
    _given(
        "user and password in a call",
        "auth credential login connect",
        r"\b(?:HTTPBasicAuth|BasicAuth|SetBasicAuth|basic_auth|withCredentials|NetworkCredential|UsernamePasswordCredentials|UsernamePasswordAuthenticationToken|PasswordAuthentication|login)\(\s{0,5}[\"'][^\"'\n]{1,80}[\"']\s{0,5},\s{0,5}"
        + _Q,
        'HTTPBasicAuth("admin", "<A8>")',
        'login("admin", password)',
    ),
    _given(
        "user and password in a pair",
        "auth=",
        r"\bauth\s{0,3}=\s{0,3}\(\s{0,5}[\"'][^\"'\n]{1,80}[\"']\s{0,5},\s{0,5}" + _Q,
        'get(url, auth=("me", "<A8>"))',
        "get(url, auth=(user, password))",
    ),
    _given(
        SEVERAL_LINES,
        "pass pwd secret token key",
        _TELLING
        + r"[\"']?\s{0,5}(?::|=)\s{0,5}(?:\(|>-?|\|-?|\\)?\s{0,5}\r?\n\s{1,60}[\"']?([^\s\"',(){}\[\]#]{8,200})[\"']?\s{0,5}(?:\)|,|\r?\n|\Z)",
        'password = (\n    "<A12>"\n)',
        "password: str\n    used for the login",
    ),
    _given(
        "cookie",
        "cookie",
        r"\b(?:set-)?cookie[\"']?\s{0,5}[:=]\s{0,5}[\"']?[A-Za-z0-9_.\-]{1,40}=([A-Za-z0-9%._+/=\-]{16,400})",
        "Cookie: sessionid=<A32>",
        "Cookie: theme=dark",
    ),
    _given(
        "session cookie",
        "session sid csrf",
        r"\b(?:session_?id|connect\.sid|PHPSESSID|JSESSIONID|csrf_?token)[\"']?\s{0,3}[=:]\s{0,3}[\"']?([A-Za-z0-9%._+\-]{20,400})",
        "PHPSESSID=<A26>",
        "session_id = request.session",
    ),
    _given(
        "seed phrase",
        "mnemonic seed phrase",
        r"(?:mnemonic|seed|recovery)[\w \-]{0,20}[\"']?\s{0,5}[:=]\s{0,5}[\"']?((?:[a-z]{3,8} ){11,23}[a-z]{3,8})\b",
        "mnemonic: " + " ".join(["river", "stone", "cabin", "lucky"] * 3),
        "seed: a number from which all others follow",
    ),
    _given(
        "wallet key",
        "private wallet key wif",
        r"(?:private|priv|wallet|secret|signer|deployer)[\w\-]{0,20}[\"']?\s{0,5}[:=(]\s{0,5}[\"']?((?:0x)?[a-f0-9]{64})\b",
        'privateKey: "0x<H64>"',
        'sha256: "0x<H64>"',
    ),
    _given(
        "wallet key",
        "5 k l",
        r"(?<![A-Za-z0-9])([5KL](?=[1-9A-HJ-NP-Za-km-z]{0,50}\d)[1-9A-HJ-NP-Za-km-z]{50,51})(?![A-Za-z0-9])",
        "'5" + "Hue1G" * 10 + "'",
        "'5Hue'",
    ),
    _given(
        "hexadecimal key",
        "key secret token salt",
        r"\b(?:(?:api|secret|access|auth|encryption|signing|master|session|jwt)[_-]?(?:key|secret|token)|secret[_-]?key[_-]?base)[\"']?\s{0,5}(?::|=>?|:=)\s{0,5}[\"']?([a-f0-9]{32,128})\b",
        "api_key: <H32>",
        "cache_key: <H32>",
    ),
    _given(
        "password that is a word",
        "pass pwd",
        r"(?<![a-z])(?:[a-z0-9]{1,20}[_.\-]){0,4}"
        + _PASSWORD
        + r"[\"'\]]{0,2}\s{0,5}(?::\s{0,3}(?:str|string|String)\s{0,3}=|=>|:=|=|:)\s{0,5}"
        + _Q,
        'db_password = "swordfish"',
        'password = "password"',
    ),
    _given(
        "password of a settings file",
        "pass pwd",
        r"^[ \t]{0,40}(?:export[ \t]{1,5})?[\w.\-]{0,40}(?:password|passwd|pwd|passphrase)[ \t]{0,10}[:=][ \t]{0,10}([^\s\"'#$,;{}()\[\]<>]{4,100})[ \t]{0,10}\r?$",
        "password = swordfish",
        "password = null",
    ),
    _given(
        "password in prose",
        "password",
        r"\bpassword (?:is|was|to)[: ]{1,3}[\"'`]([^\s\"'`]{6,60})[\"'`]",
        'the password is "<A10>"',
        "the password is wrong",
    ),
    _given(
        "user name in an address",
        "https://",
        r"https?://([A-Za-z0-9_\-]{20,200})(?::x-oauth-basic)?@",
        "https://<A40>@github.com/a/b",
        "https://user@github.com/a/b",
    ),
    _given(
        "password in an address",
        "://",
        r"[a-z][a-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{0,100}:([^\s/@\"'<>{}$]{3,200})@",
        "amqp://guest:<A8>@mq:5672/",
        "amqp://guest:{password}@mq:5672/",
    ),
    _mask(
        "htpasswd entry",
        "$apr1$ $2y$ $2a$ $2b$ $6$ $5$ $1$ {sha}",
        r"(\$(?:apr1|2[aby]|[156]|argon2id?|y)\$[./A-Za-z0-9$=,]{20,200}|\{SHA\}[A-Za-z0-9+/=]{27,29})",
        "admin:$apr1$<A8>$<A22>",
        "price: $1$",
    ),
    _given(
        "authorization header",
        "authorization x- token key",
        r"\b(?:x-(?:api|auth|access)[\w\-]{0,20}|private-token|authorization)[\"']?\s{0,3}[:,=]\s{0,3}[\"']?(?:(?:bearer|basic|token|apikey)\s{1,3})?([A-Za-z0-9+/_.=~\-]{12,400})",
        "X-Api-Key: <A24>",
        "X-Api-Key: $KEY",
    ),
)
