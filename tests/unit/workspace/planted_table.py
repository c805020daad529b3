r"""Secrets as people leave them in files: what, in which file, how it stands there, and a harmless neighbour.

`[[...]]` marks what must not be shown; in it `<A20>` stands for 20 random letters and digits, `<H..>` for hexadecimal
digits, `<U..>` for capitals and digits, `<D..>` for digits and `<B..>` for base64: no row holds a secret. The neighbour
stands in the same kind of file and is shown as it is. The kinds are those that gitleaks, detect-secrets and trufflehog
name, and the ways in which tools are configured.
"""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass

_ALPHABETS = {
    "A": string.ascii_letters + string.digits,
    "H": "0123456789abcdef",
    "U": string.ascii_uppercase + string.digits,
    "D": string.digits[1:],
    "B": string.ascii_letters + string.digits + "+/",
}


@dataclass(frozen=True, slots=True)
class Planted:
    """One secret, or several that stand together, in a file's text."""

    name: str
    path: str
    text: str
    secrets: tuple[str, ...]
    neighbour: str


def planted(seed: int = 0) -> list[Planted]:
    """The table with random secrets filled in."""
    rows = []
    for number, (name, path, text, neighbour) in enumerate(ROWS):
        filled = fill(text, seed * 10_007 + number)
        values = tuple(re.findall(r"\[\[(.*?)\]\]", filled, re.DOTALL))
        rows.append(Planted(name, path, re.sub(r"\[\[(.*?)\]\]", r"\1", filled, flags=re.DOTALL), values, neighbour))
    return rows


def fill(text: str, seed: int) -> str:
    """A text with its places filled at random, every class of characters in each that is long enough."""
    rng = random.Random(seed)

    def some(match: re.Match[str]) -> str:
        alphabet, count = _ALPHABETS[match[1]], int(match[2])
        value = "".join(rng.choices(alphabet, k=count))
        return value[:-3] + "q7Z" if match[1] in "AB" and count >= 8 else value

    return re.sub(r"<([AHUDB])(\d+)>", some, text)


# The parts of markers are apart, so that no scanner takes this file for one that holds keys.
_BEGIN, _END, _PRIVATE = "-----" + "BEGIN", "-----" + "END", "PRI" + "VATE"

ROWS: tuple[tuple[str, str, str, str], ...] = (
    # ---- tokens with a shape of their own
    ("AWS access key", "a.py", 'key = "[[AK' + 'IA<U16>]]"', 'key = "AKIA"'),
    ("AWS secret key", "a.py", 'aws_secret_access_key = "[[<B40>]]"', 'aws_secret_access_key = get("aws")'),
    ("AWS secret key in a profile", "aws.cfg", "[default]\naws_secret_access_key = [[<B40>]]", "region = eu-west-1"),
    ("AWS session token", "run.sh", "export AWS_SESSION_TOKEN=[[<B120>]]", "export AWS_REGION=eu-west-1"),
    ("AWS MWS key", "a.py", 'mws = "[[amzn.mws.<H8>-<H4>-<H4>-<H4>-<H12>]]"', 'mws = "amzn.mws."'),
    ("AWS Bedrock key", "a.py", 'k = "[[ABSK<B109>=]]"', 'k = "ABSKILLED"'),
    ("GitHub token", "a.js", "const x = '[[gh" + "p_<A36>]]';", "const x = 'ghp_';"),
    (
        "GitHub token in a URL",
        "ci.yml",
        "run: git clone https://[[gh" + "p_<A36>]]@github.com/a/b",
        "run: git clone https://github.com/a/b",
    ),
    ("GitHub fine-grained token", "a.go", 't := "[[github' + '_pat_<A22>_<A59>]]"', 't := "github_pat_"'),
    ("GitLab token", "a.rb", 'x = "[[gl' + 'pat-<A20>]]"', 'x = "glpat-"'),
    ("GitLab pipeline trigger", "a.rb", 'x = "[[glptt-<H40>]]"', 'x = "glptt"'),
    ("Bitbucket app password", "a.py", 'u = "[[ATBB<A32>]]"', 'u = "ATBB"'),
    ("Atlassian token", "a.py", 'u = "[[ATATT3<A60>]]"', 'u = "ATATT3"'),
    ("Slack token", "a.py", 'u = "[[xo' + 'xb-<D12>-<D12>-<A24>]]"', 'u = "xoxb-"'),
    (
        "Slack webhook",
        "a.py",
        'u = "https://hooks.slack' + '.com/services/[[T<U10>/B<U10>/<A24>]]"',
        'u = "https://hooks.slack.com/services/"',
    ),
    ("Discord bot token", "a.py", 'client.run("[[M<A23>.<A6>.<A38>]]")', 'client.run("the bot.now.please")'),
    (
        "Discord webhook",
        "a.js",
        "fetch('https://discord.com/api/webhooks/[[<D18>/<A68>]]')",
        "fetch('https://discord.com/api/webhooks/')",
    ),
    ("Telegram bot token", "a.py", 'bot = Bot("[[<D10>:AA<A33>]]")', 'bot = Bot("12:30:AA")'),
    ("Stripe key", "a.rb", 'Stripe.api_key = "[[sk_' + 'live_<A24>]]"', 'Stripe.api_key = ENV["K"]'),
    ("Stripe restricted key", "a.rb", 'x = "[[rk_' + 'live_<A24>]]"', 'x = "rk_live"'),
    ("Stripe webhook secret", "a.rb", 'x = "[[wh' + 'sec_<A32>]]"', 'x = "whsec_"'),
    ("Square token", "a.py", 'x = "[[EAAA<A60>]]"', 'x = "EAAA"'),
    ("PayPal Braintree token", "a.py", 'x = "[[access_token$production$<H16>$<H32>]]"', 'x = "access_token$"'),
    ("Google API key", "a.js", 'const k = "[[AI' + 'za<A35>]]"', 'const k = "AIza"'),
    ("Google OAuth secret", "a.js", 'const k = "[[GOC' + 'SPX-<A28>]]"', 'const k = "GOCSPX"'),
    (
        "Google service account",
        "a.json",
        '{"private_key": "[['
        + _BEGIN
        + f" {_PRIVATE} KEY-----\\\\n<B64>\\\\n"
        + _END
        + f' {_PRIVATE} KEY-----\\\\n]]"}}'.replace("}}", "}"),
        '{"private_key_type": "rsa"}',
    ),
    ("Firebase cloud messaging key", "a.js", 'const k = "[[AAAA<A7>:APA91b<A134>]]"', 'const k = "AAAA:APA"'),
    ("OpenAI key", "a.py", 'client = OpenAI("[[sk-' + 'proj-<A48>]]")', 'client = OpenAI("sk-")'),
    ("Anthropic key", "a.py", 'x = "[[sk-' + 'ant-api03-<A93>AA]]"', 'x = "sk-ant-"'),
    ("Hugging Face token", "a.py", 'login("[[h' + 'f_<A34>]]")', 'login("hf_hub")'),
    ("Cohere key", "a.py", 'co = cohere.Client("[[<A40>]]")', 'co = cohere.Client("command")'),
    ("npm token", ".yarnrc.yml", "npmAuthToken: [[np" + "m_<A36>]]", "npmRegistryServer: https://x.io"),
    ("PyPI token", "a.sh", "twine upload -p [[py" + "pi-AgEIcHlwaS5vcmc<A60>]]", "twine upload dist/x-1.0.tar.gz"),
    ("RubyGems key", "a.yml", "k: [[rubygems_<H48>]]", "k: rubygems_plugin"),
    ("SendGrid key", "a.py", 'x = "[[S' + 'G.<A22>.<A43>]]"', 'x = "SG.a.b"'),
    ("Mailgun key", "a.py", 'x = "[[ke' + 'y-<H32>]]"', 'x = "key-value"'),
    ("MailChimp key", "a.py", 'x = "[[<H32>-us14]]"', 'x = "en-us14"'),
    ("Twilio key", "a.py", 'x = "[[S' + 'K<H32>]]"', 'x = "SKIP"'),
    ("Twilio auth token", "a.py", 'client = Client("A' + 'C<H32>", "[[<H32>]]")', 'client = Client("AC", "it")'),
    ("DigitalOcean token", "a.tf", 'token = "[[dop' + '_v1_<H64>]]"', 'region = "fra1"'),
    ("Heroku key", "a.sh", "HEROKU_API_KEY=[[<H8>-<H4>-<H4>-<H4>-<H12>]]", "HEROKU_APP=my-app-name"),
    (
        "Azure storage key",
        "a.cs",
        'var c = "DefaultEndpointsProtocol=https;AccountName=a;Account' + 'Key=[[<B86>==]];EndpointSuffix=x";',
        'var c = "AccountName=a;EndpointSuffix=x";',
    ),
    ("Azure client secret", "a.py", 'x = "[[<A3>8Q~<A34>]]"', 'x = "8Q~"'),
    (
        "Azure SAS",
        "a.py",
        'u = "https://a.blob.core.windows.net/c?sv=2020&sig=[[<A43>%3D]]"',
        'u = "https://a.blob.core.windows.net/c?sv=2020"',
    ),
    ("Azure DevOps token", "a.yml", "AZURE_DEVOPS_PAT: [[<H52>]]", "AZURE_DEVOPS_ORG: https://dev.azure.com/me"),
    ("Databricks token", "a.py", 'x = "[[da' + 'pi<H32>]]"', 'x = "dapi"'),
    ("Shopify token", "a.py", 'x = "[[shp' + 'at_<H32>]]"', 'x = "shpat_"'),
    ("Vault token", "a.sh", "vault login [[hv" + "s.<A90>]]", "vault login -method=userpass"),
    ("Terraform token", "a.tf", 'token = "[[<A14>.atlasv1.<A67>]]"', 'organization = "me"'),
    ("JSON web token", "a.ts", "const t = '[[eyJhbGciOiJIUzI1NiJ9.eyJ" + "<A40>.<A43>]]';", "const t = 'eyJ';"),
    ("Grafana token", "a.yml", "t: [[glsa_<A32>_<H8>]]", "t: glsa"),
    ("New Relic key", "a.yml", "k: [[NRAK-<U27>]]", "k: NRAK"),
    ("Datadog key", "dd.yaml", "api_key: [[<H32>]]", "site: datadoghq.eu"),
    ("Sentry DSN", "a.py", 'sentry_sdk.init("https://[[<H32>]]@o1.ingest.sentry.io/1")', "sentry_sdk.init(dsn=None)"),
    (
        "Linear key",
        "a.ts",
        "new LinearClient({ apiKey: '[[lin' + '_api_<A40>]]' })".replace("' + '", ""),
        "new LinearClient({ apiKey: key })",
    ),
    ("Notion token", "a.ts", 'const n = "[[ntn_<A46>]]"', 'const n = "ntn_"'),
    ("Figma token", "a.ts", 'const n = "[[figd_<A40>]]"', 'const n = "figd"'),
    ("Supabase key", "a.ts", 'const n = "[[sbp_<H40>]]"', 'const n = "sbp_"'),
    ("Supabase secret", "a.ts", 'const n = "[[sb_secret_<A22>_<A8>]]"', 'const n = "sb_secret"'),
    ("1Password token", "a.sh", "OP_SERVICE_ACCOUNT_TOKEN=[[ops_eyJ<B260>]]", "OP_ACCOUNT=my.example"),
    ("Tailscale key", "a.sh", "tailscale up --authkey [[tskey-auth-<A12>CNTRL-<A32>]]", "tailscale up --ssh"),
    ("age key", "a.txt", "[[AGE-SECRET-KEY-" + "1<U58>]]", "age1 is a public key"),
    (
        "private key",
        "a.txt",
        f"[[{_BEGIN} RSA {_PRIVATE} KEY-----\n<B64>\n<B64>\n{_END} RSA {_PRIVATE} KEY-----]]",
        f"{_BEGIN} PUBLIC KEY-----",
    ),
    (
        "private key in a string",
        "a.py",
        f'KEY = """[[{_BEGIN} EC {_PRIVATE} KEY-----\n<B64>\n{_END} EC {_PRIVATE} KEY-----]]"""',
        'KEY = """a\nb"""',
    ),
    (
        "private key in a block of YAML",
        "a.yaml",
        f"tls.key: |\n  [[{_BEGIN} {_PRIVATE} KEY-----\n  <B64>\n  {_END} {_PRIVATE} KEY-----]]",
        "tls.crt: |\n  none",
    ),
    ("private key as base64", "a.yaml", "tls.key: [[LS0tLS1CRUdJTi<B90>]]", "tls.crt: none"),
    (
        "PGP private key",
        "a.txt",
        f"[[{_BEGIN} PGP {_PRIVATE} KEY BLOCK-----\n<B64>\n{_END} PGP {_PRIVATE} KEY BLOCK-----]]",
        f"{_BEGIN} PGP SIGNATURE-----",
    ),
    ("JWK", "jwk.json", '{"kty": "RSA", "n": "<A86>", "e": "AQAB", "d": "[[<A86>]]"}', '{"kty": "RSA", "e": "AQAB"}'),
    ("WireGuard key", "wg0.conf", "[Interface]\nPrivateKey = [[<B43>=]]", "[Interface]\nAddress = 10.0.0.1/24"),
    ("SSH key of a config", "a.conf", "PresharedKey = [[<B43>=]]", "PersistentKeepalive = 25"),
    # ---- clouds and orchestration
    (
        "client secret as an argument",
        "a.py",
        'ClientSecretCredential("t", "c", "[[<A34>]]")',
        "ClientSecretCredential(tenant, client, secret)",
    ),
    (
        "client secret as a keyword",
        "a.py",
        'ClientSecretCredential(t, c, client_secret="[[<A34>]]")',
        "ClientSecretCredential(t, c, client_secret=s)",
    ),
    (
        "client secret of a builder",
        "A.java",
        'new ClientSecretCredentialBuilder().clientSecret("[[<A34>]]").build();',
        "new ClientSecretCredentialBuilder().build();",
    ),
    (
        "keys of boto3",
        "a.py",
        'boto3.client("s3", aws_access_key_id=i, aws_secret_access_key="[[<B40>]]")',
        'boto3.client("s3", region_name="eu-west-1")',
    ),
    (
        "credentials of AWS SDK",
        "A.java",
        'new BasicAWSCredentials("AK' + 'IA<U16>", "[[<B40>]]")',
        "new BasicAWSCredentials(id, key)",
    ),
    (
        "service principal",
        "a.sh",
        "az login --service-principal -u http://x -p [[<A34>]] --tenant t",
        "az login --identity",
    ),
    (
        "Kubernetes secret",
        "s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: [[c3dvcmRmaXNo]]\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: db\ndata:\n  mode: fastest\n",
    ),
    (
        "Kubernetes secret, any name",
        "s.yaml",
        "kind: Secret\napiVersion: v1\ndata:\n  uri: [[<B44>]]\n  user: [[YWRtaW4=]]\n",
        "kind: Service\nspec:\n  port: 80\n",
    ),
    (
        "Kubernetes secret, plain",
        "s.yml",
        "kind: Secret\nstringData:\n  dsn: [[hunter-two]]\n  other: '[[word]]'\ntype: Opaque\n",
        "kind: Deployment\nspec:\n  replicas: 2\n",
    ),
    (
        "Kubernetes secret after its data",
        "s.yaml",
        "apiVersion: v1\ndata:\n  uri: [[<B44>]]\nkind: Secret\n",
        "apiVersion: v1\ndata:\n  uri: http\nkind: ConfigMap\n",
    ),
    (
        "Kubernetes secret in a list",
        "s.yaml",
        "kind: List\nitems:\n- kind: Secret\n  data:\n    uri: [[<B44>]]\n- kind: ConfigMap\n  data:\n    mode: fastest\n",
        "kind: List\nitems:\n- kind: ConfigMap\n  data:\n    mode: fastest\n",
    ),
    (
        "Kubernetes secret in JSON",
        "s.json",
        '{"kind": "Secret", "data": {"uri": "[[<B44>]]", "u": "[[YWRtaW4=]]"}}',
        '{"kind": "ConfigMap", "data": {"uri": "http"}}',
    ),
    (
        "Kubernetes secret over lines",
        "s.yaml",
        "kind: Secret\nstringData:\n  config.json: |\n    [[user = admin\n    word = swordfish]]\n",
        "kind: ConfigMap\ndata:\n  config.json: |\n    user = admin\n",
    ),
    (
        "Kubernetes docker config",
        "s.yaml",
        "kind: Secret\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: [[<B80>]]\n",
        "kind: Pod\n",
    ),
    (
        "kubectl literal",
        "a.sh",
        "kubectl create secret generic db --from-literal=any=[[swordfish9]]",
        "kubectl create configmap db --from-literal=mode=fastest",
    ),
    ("kubeconfig token", "k.yaml", "users:\n- name: x\n  user:\n    token: [[<A40>]]", "users:\n- name: x"),
    (
        "kubeconfig key",
        "k.yaml",
        "users:\n- user:\n    client-key-data: [[<B120>]]",
        "clusters:\n- cluster:\n    server: https://x",
    ),
    ("helm values", "values.yaml", "auth:\n  rootPassword: [[swordfish]]", "auth:\n  rootPassword: null"),
    (
        "environment of a container",
        "d.yaml",
        "env:\n- name: DB_PASSWORD\n  value: [[swordfish9]]",
        "env:\n- name: DB_HOST\n  value: localhost9",
    ),
    (
        "environment of compose",
        "docker-compose.yml",
        "environment:\n  - POSTGRES_PASSWORD=[[swordfish]]",
        "environment:\n  - POSTGRES_USER=postgres",
    ),
    (
        "environment of compose as a map",
        "compose.yaml",
        "environment:\n  MYSQL_ROOT_PASSWORD: [[swordfish]]",
        "environment:\n  MYSQL_DATABASE: warehouse",
    ),
    ("environment of a Dockerfile", "Dockerfile", "ENV DB_PASSWORD=[[swordfish]]", "ENV PATH_PREFIX=directory"),
    ("environment of a Dockerfile, old form", "Dockerfile", "ENV API_TOKEN [[<A30>]]", "ENV LANG C.UTF-8"),
    ("argument of a Dockerfile", "Dockerfile", "ARG NPM_TOKEN=[[<A30>]]", "ARG VERSION=1.2.3"),
    ("docker auth entry", "config.json", '{"auths": {"x.io": {"auth": "[[<B40>]]"}}}', '{"auths": {}}'),
    ("docker login", "a.sh", "docker login -u me -p [[swordfish9]] x.io", "docker login x.io"),
    (
        "docker run",
        "a.sh",
        "docker run -e MYSQL_ROOT_PASSWORD=[[swordfish]] mysql",
        "docker run -e MYSQL_DATABASE=test mysql",
    ),
    (
        "Ansible variable",
        "hosts.ini",
        "web ansible_host=x ansible_ssh_pass=[[swordfish]]",
        "web ansible_host=x ansible_user=me",
    ),
    ("Ansible become password", "group.yml", "ansible_become_password: [[swordfish]]", "ansible_become: true"),
    (
        "Ansible module argument",
        "play.yml",
        "- mysql_user: name=x password=[[swordfish]] state=present",
        "- mysql_user: name=x state=present",
    ),
    (
        "Terraform variable",
        "a.tf",
        'variable "db_password" {\n  default = "[[swordfish9]]"\n}',
        'variable "region" {\n  default = "eu-west-1"\n}',
    ),
    ("Terraform argument", "a.tf", 'master_password = "[[swordfish]]"', "master_password = var.password"),
    ("CloudFormation parameter", "c.yaml", "MasterUserPassword: [[swordfish9]]", "MasterUserPassword: !Ref Password"),
    (
        "GitHub Actions environment",
        "w.yml",
        "env:\n  DEPLOY_TOKEN: [[<A30>]]",
        "env:\n  DEPLOY_TOKEN: ${{ secrets.TOKEN }}",
    ),
    (
        "Pulumi or Helm set",
        "a.sh",
        "helm install x --set auth.password=[[swordfish9]]",
        "helm install x --set auth.enabled=true",
    ),
    # ---- command lines and addresses
    ("curl -u", "a.sh", "curl -u admin:[[swordfish]] https://x.io", "curl -u admin https://x.io"),
    ("curl --user=", "a.sh", "curl --user='admin:[[swordfish]]' https://x.io", "curl --user $U https://x.io"),
    (
        "curl header",
        "a.sh",
        "curl -H 'Authorization: Bearer [[<A40>]]' https://x.io",
        "curl -H 'Accept: text/html' https://x.io",
    ),
    ("curl custom header", "a.sh", "curl -H 'X-API-Key: [[<A32>]]' https://x.io", "curl -H 'X-Trace: on' https://x.io"),
    (
        "curl data",
        "a.sh",
        "curl -d 'user=me&password=[[swordfish9]]' https://x.io",
        "curl -d 'user=me&mode=fast' https://x.io",
    ),
    ("wget", "a.sh", "wget --password=[[swordfish]] ftp://x", "wget --quiet ftp://x"),
    ("mysql -p", "a.sh", "mysql -u root -p[[swordfish]] db", "mysql -u root -p db"),
    ("mysqldump --password", "a.sh", "mysqldump --password=[[swordfish]] db", "mysqldump --password db"),
    ("psql", "a.sh", "PGPASSWORD=[[swordfish]] psql -h x", "PGHOST=localhost psql"),
    ("psql address", "a.sh", "psql postgresql://me:[[swordfish]]@x/db", "psql postgresql://me@x/db"),
    ("mongo", "a.sh", "mongosh -u me -p [[swordfish]] x", "mongosh x"),
    ("redis-cli", "a.sh", "redis-cli -h x -a [[swordfish]]", "redis-cli -h x"),
    ("sshpass", "a.sh", "sshpass -p [[swordfish]] ssh x", "sshpass -e ssh x"),
    ("sshpass without a space", "a.sh", "sshpass -p'[[swordfish]]' ssh x", "sshpass -f file ssh x"),
    ("option --password", "Makefile", "deploy:\n\ttool --password [[swordfish]] x", "deploy:\n\ttool --verbose x"),
    ("option --token=", "a.sh", "tool --token=[[<A24>]] x", "tool --token=$TOKEN x"),
    (
        "option of a list",
        "a.py",
        'run(["tool", "--password", "[[swordfish]]"])',
        'run(["tool", "--verbose", "directory"])',
    ),
    ("openssl", "a.sh", "openssl enc -k [[swordfish]] -in x", "openssl enc -in x"),
    ("openssl pass:", "a.sh", "openssl rsa -passin pass:[[swordfish]]", "openssl rsa -passin stdin"),
    ("keytool", "a.sh", "keytool -genkey -storepass [[swordfish]] -keypass [[catfish1]]", "keytool -genkey -alias x"),
    ("echo to sudo", "a.sh", "echo '[[swordfish]]' | sudo -S ls", "echo 'hello' | tee x"),
    ("chpasswd", "a.sh", 'echo "root:[[swordfish]]" | chpasswd', 'echo "root: done" | tee x'),
    ("net use", "a.ps1", 'net use \\\\x\\y /user:me "[[swordfish]]"', "net use x:"),
    (
        "PowerShell secure string",
        "a.ps1",
        'ConvertTo-SecureString "[[swordfish]]" -AsPlainText -Force',
        "ConvertTo-SecureString $p",
    ),
    ("user and password in a URL", "a.py", 'u = "https://me:[[swordfish]]@x.io/a"', 'u = "https://x.io/a"'),
    ("password with signs in a URL", "a.py", 'u = "amqp://me:[[p%40ss!w0rd]]@x:5672/"', 'u = "amqp://x:5672/"'),
    ("password of redis in a URL", "a.py", 'u = "redis://:[[swordfish]]@x:6379/0"', 'u = "redis://x:6379/0"'),
    ("key in a query", "a.js", "fetch('https://x.io/v1?api_key=[[<A32>]]&q=1')", "fetch('https://x.io/v1?q=1')"),
    ("token in a query", "a.md", "See https://x.io/v1?access_token=[[<A32>]]", "See https://x.io/v1?page=2"),
    (
        "JDBC address",
        "a.properties",
        "url=jdbc:mysql://x/db?user=me&password=[[swordfish]]",
        "url=jdbc:mysql://x/db?useSSL=true",
    ),
    (
        "Oracle address",
        "a.properties",
        "url=jdbc:oracle:thin:me/[[swordfish]]@x:1521/db",
        "url=jdbc:oracle:thin:@x:1521/db",
    ),
    (
        "ADO connection string",
        "a.config",
        '<add connectionString="Server=x;User Id=sa;Password=[[swordfish]];" />',
        '<add connectionString="Server=x;Trusted_Connection=True;" />',
    ),
    ("ODBC connection string", "a.py", 'c = "DRIVER={x};UID=sa;PWD=[[swordfish]]"', 'c = "DRIVER={x};UID=sa"'),
    ("libpq words", "a.py", 'connect("host=x user=me password=[[swordfish]]")', 'connect("host=x user=me")'),
    # ---- settings
    ("INI password", "a.ini", "[db]\npassword = [[swordfish]]", "[db]\nhost = database"),
    ("INI short name", "a.ini", "[mail]\nsmtp_pass=[[swordfish]]", "[mail]\nsmtp_host=mailserver"),
    ("properties", "a.properties", "spring.datasource.password=[[swordfish]]", "spring.datasource.username=somebody"),
    (
        "properties key store",
        "a.properties",
        "server.ssl.key-store-password=[[changeit9]]",
        "server.ssl.key-alias=tomcat-alias",
    ),
    ("YAML password", "a.yaml", "db:\n  password: [[swordfish]]", "db:\n  username: somebody"),
    (
        "YAML password with a comment",
        "a.yaml",
        "password: [[swordfish]]  # the old one",
        "hostname: somewhere  # the old one",
    ),
    ("YAML quoted password", "a.yaml", "password: '[[sword fish]]'", "title: 'sword fish'"),
    ("YAML list item", "a.yaml", "- password: [[swordfish]]", "- username: somebody"),
    ("YAML inline map", "a.yaml", "db: {user: me, password: [[swordfish]]}", "db: {user: me, host: somewhere}"),
    ("YAML folded value", "a.yaml", "token: >-\n  [[<A40>]]", "text: >-\n  words and words"),
    ("TOML password", "a.toml", 'password = "[[swordfish]]"', 'version = "1.2.3"'),
    ("JSON password", "a.json", '{"user": "me", "password": "[[swordfish]]"}', '{"user": "me", "mode": "fastest"}'),
    ("JSON camel case", "a.json", '{"dbPassword": "[[swordfish]]"}', '{"dbName": "warehouse"}'),
    (
        "XML element",
        "a.xml",
        "<server><password>[[swordfish]]</password></server>",
        "<server><name>swordfish</name></server>",
    ),
    (
        "Maven settings",
        "settings.xml",
        "<server>\n  <id>x</id>\n  <username>me</username>\n  <password>[[swordfish]]</password>\n</server>",
        "<server>\n  <id>x</id>\n</server>",
    ),
    (
        "Maven passphrase",
        "pom.xml",
        "<gpg.passphrase>[[swordfish]]</gpg.passphrase>",
        "<gpg.executable>program</gpg.executable>",
    ),
    ("XML attribute", "a.xml", '<user name="me" password="[[swordfish]]"/>', '<user name="me" role="operator"/>'),
    (
        "appSettings",
        "web.config",
        '<add key="ApiSecret" value="[[swordfish9]]" />',
        '<add key="ApiHost" value="somewhere" />',
    ),
    (
        "XML property",
        "beans.xml",
        '<property name="password" value="[[swordfish]]"/>',
        '<property name="url" value="somewhere"/>',
    ),
    (
        "XML property over lines",
        "beans.xml",
        '<property name="password">\n  <value>[[swordfish]]</value>\n</property>',
        '<property name="url">\n  <value>somewhere</value>\n</property>',
    ),
    (
        "plist",
        "a.plist",
        "<key>apiSecret</key>\n<string>[[swordfish9]]</string>",
        "<key>apiHost</key>\n<string>somewhere</string>",
    ),
    ("Gradle property", "gradle.properties", "signing.password=[[swordfish]]", "signing.keyname=somebody"),
    ("Gradle store", "build.gradle", 'storePassword "[[swordfish]]"', 'storeType "directory"'),
    ("npm auth", "npmrc.txt", "//registry.npmjs.org/:_authToken=[[<A36>]]", "registry=https://registry.npmjs.org/"),
    ("pip index", "pip.conf", "index-url = https://me:[[swordfish]]@x.io/simple", "index-url = https://x.io/simple"),
    ("netrc line", "a.txt", "machine x.io login me password [[swordfish]]", "machine learning login page"),
    ("htpasswd", "users.txt", "admin:[[$apr1$<A8>$<A22>]]", "admin: somebody"),
    ("shadow line", "users.txt", "root:[[$6$<A16>$<A86>]]:18000:0:99999:7:::", "root:x:0:0:root:/root:/bin/bash"),
    (
        "wpa_supplicant",
        "wpa.conf",
        'network={\n  ssid="x"\n  psk="[[swordfish]]"\n}',
        'network={\n  ssid="somewhere"\n}',
    ),
    ("SNMP community", "a.cfg", "snmp_community_secret: [[swordfish]]", "snmp_version: version3"),
    ("S3 configuration", "a.cfg", "secret_key = [[<B40>]]", "bucket_location = US"),
    ("Rails secret", "a.yml", "production:\n  secret_key_base: [[<H128>]]", "production:\n  log_level: info"),
    ("Django secret", "a.py", 'SECRET_KEY = "[[django-insecure-<A40>]]"', 'SECRET_KEY = os.environ["KEY"]'),
    ("Laravel key", "app.php", "'key' => 'base64:[[<B43>=]]',", "'key' => env('APP_KEY'),"),
    ("WordPress salt", "wp.php", "define('AUTH_KEY', '[[<A20>;!{|<A20>]]');", "define('WP_DEBUG', false);"),
    ("WordPress password", "wp.php", "define('DB_PASSWORD', '[[swordfish]]');", "define('DB_NAME', 'warehouse');"),
    # ---- code
    ("Python assignment", "a.py", 'password = "[[swordfish]]"', 'greeting = "swordfish"'),
    (
        "Python default argument",
        "a.py",
        'def f(user, password="[[swordfish]]"): ...',
        'def f(user, name="swordfish"): ...',
    ),
    ("Python dictionary", "a.py", "d = {'password': '[[swordfish]]'}", "d = {'greeting': 'swordfish'}"),
    ("Python dict call", "a.py", "d = dict(passwd='[[swordfish]]')", "d = dict(name='swordfish')"),
    ("Python attribute", "a.py", 'self.api_key = "[[<A24>]]"', "self.api_key = api_key"),
    ("Python comparison", "a.py", 'if password == "[[swordfish9]]":', 'if name == "swordfish9":'),
    ("Python bytes", "a.py", 'SECRET = b"[[swordfish9]]"', 'GREETING = b"swordfish9"'),
    ("Python triple quotes", "a.py", 'password = """[[swordfish]]"""', 'text = """swordfish"""'),
    (
        "Python parenthesis",
        "a.py",
        'token = (\n    "[[<A20>]]"\n    "[[<A20>]]"\n)',
        'text = (\n    "some words"\n    "and more"\n)',
    ),
    ("Python concatenation", "a.py", 'password = "[[opal]]" + "[[fish9]]"', 'greeting = "opal" + "fish9"'),
    (
        "default of environ.get",
        "a.py",
        'os.environ.get("DB_PASSWORD", "[[swordfish]]")',
        'os.environ.get("DB_HOST", "localhost")',
    ),
    (
        "default of getenv with or",
        "a.py",
        'x = os.getenv("API_TOKEN") or "[[swordfish9]]"',
        'x = os.getenv("HOST") or "localhost9"',
    ),
    (
        "default of process.env",
        "a.js",
        "const x = process.env.DB_PASSWORD || '[[swordfish]]'",
        "const x = process.env.DB_HOST || 'localhost'",
    ),
    (
        "default with ??",
        "a.ts",
        "const x = process.env['SECRET'] ?? '[[swordfish9]]'",
        "const x = process.env['HOST'] ?? 'localhost9'",
    ),
    ("default of ENV.fetch", "a.rb", "ENV.fetch('DB_PASSWORD', '[[swordfish]]')", "ENV.fetch('DB_HOST', 'localhost')"),
    (
        "default of ENV.fetch as a block",
        "a.rb",
        "ENV.fetch('DB_PASSWORD') { '[[swordfish]]' }",
        "ENV.fetch('DB_HOST') { 'localhost' }",
    ),
    ("default of env()", "a.php", "env('DB_PASSWORD', '[[swordfish]]')", "env('DB_HOST', 'localhost')"),
    ("default of the shell", "a.sh", "P=${DB_PASSWORD:-[[swordfish]]}", "P=${DB_HOST:-localhost}"),
    ("default of Spring", "a.yml", "password: ${DB_PASSWORD:[[swordfish]]}", "host: ${DB_HOST:localhost}"),
    ("default of a @Value", "A.java", '@Value("${db.password:[[swordfish]]}")', '@Value("${db.host:localhost}")'),
    ("Go constant", "a.go", 'const apiSecret = "[[swordfish9]]"', 'const apiName = "swordfish9"'),
    ("Go struct", "a.go", 'Config{Password: "[[swordfish]]"}', 'Config{Name: "swordfish"}'),
    (
        "Go map",
        "a.go",
        'm := map[string]string{"password": "[[swordfish]]"}',
        'm := map[string]string{"name": "swordfish"}',
    ),
    ("Go raw string", "a.go", "var token = `[[<A24>]]`", "var name = `swordfish`"),
    ("Go SetBasicAuth", "a.go", 'req.SetBasicAuth("me", "[[swordfish]]")', "req.SetBasicAuth(u, p)"),
    ("Rust constant", "a.rs", 'const DB_PASSWORD: &str = "[[swordfish]]";', 'const DB_NAME: &str = "swordfish";'),
    ("Rust static", "a.rs", 'static TOKEN: &\'static str = "[[<A24>]]";', 'static NAME: &\'static str = "swordfish";'),
    (
        "Rust to_string",
        "a.rs",
        'let password = String::from("[[swordfish]]");',
        'let name = String::from("swordfish");',
    ),
    (
        "Rust struct",
        "a.rs",
        'Config { password: "[[swordfish]]".to_string() }',
        'Config { name: "swordfish".to_string() }',
    ),
    ("C define", "a.h", '#define WIFI_PASSWORD "[[swordfish]]"', "#define WIFI_CHANNEL 11"),
    (
        "C array",
        "a.c",
        'static const char wifi_password[] = "[[swordfish]]";',
        'static const char wifi_name[] = "swordfish";',
    ),
    ("C pointer", "a.c", 'const char *secret = "[[swordfish9]]";', 'const char *name = "swordfish9";'),
    ("C++ string", "a.cpp", 'std::string password{"[[swordfish]]"};', 'std::string name{"swordfish"};'),
    ("C++ constexpr", "a.cpp", 'constexpr auto kApiKey = "[[<A24>]]";', 'constexpr auto kName = "swordfish";'),
    (
        "C# constant",
        "a.cs",
        'private const string Password = "[[swordfish]]";',
        'private const string Name = "swordfish";',
    ),
    (
        "C# property",
        "a.cs",
        'public string Password { get; set; } = "[[swordfish]]";',
        'public string Name { get; set; } = "swordfish";',
    ),
    ("C# verbatim string", "a.cs", 'var password = @"[[swordfish]]";', 'var name = @"swordfish";'),
    ("C# NetworkCredential", "a.cs", 'new NetworkCredential("me", "[[swordfish]]")', "new NetworkCredential(u, p)"),
    ("Java setter", "A.java", 'source.setPassword("[[swordfish]]");', 'source.setName("swordfish");'),
    ("Java builder", "A.java", '.withPassword("[[swordfish]]")', '.withName("swordfish")'),
    (
        "Java DriverManager",
        "A.java",
        'DriverManager.getConnection(url, "root", "[[swordfish]]")',
        "DriverManager.getConnection(url, user, pass)",
    ),
    ("Java put", "A.java", 'props.put("password", "[[swordfish]]");', 'props.put("name", "swordfish");'),
    (
        "Java char array",
        "A.java",
        'char[] password = "[[swordfish]]".toCharArray();',
        'char[] name = "swordfish".toCharArray();',
    ),
    (
        "Java annotation",
        "A.java",
        '@Credentials(user = "me", password = "[[swordfish]]")',
        '@Named(name = "swordfish")',
    ),
    ("Kotlin val", "a.kt", 'val password: String = "[[swordfish]]"', 'val name: String = "swordfish"'),
    ("Swift let", "a.swift", 'let apiKey: String = "[[<A24>]]"', 'let name: String = "swordfish"'),
    ("Objective-C", "a.m", 'NSString *password = @"[[swordfish]]";', 'NSString *name = @"swordfish";'),
    ("Ruby hash", "a.rb", "x = { password: '[[swordfish]]' }", "x = { name: 'swordfish' }"),
    ("Ruby constant", "a.rb", "API_SECRET = '[[swordfish9]]'.freeze", "API_NAME = 'swordfish9'.freeze"),
    ("PHP variable", "a.php", "$password = '[[swordfish]]';", "$name = 'swordfish';"),
    ("PHP mysqli", "a.php", 'new mysqli("localhost", "root", "[[swordfish]]", "db")', "new mysqli($h, $u, $p, $d)"),
    ("PHP PDO", "a.php", "new PDO($dsn, 'root', '[[swordfish]]')", "new PDO($dsn, $u, $p)"),
    ("Perl connect", "a.pl", "DBI->connect($dsn, 'root', '[[swordfish]]')", "DBI->connect($dsn, $u, $p)"),
    ("Perl hash", "a.pl", "my %c = (password => '[[swordfish]]');", "my %c = (name => 'swordfish');"),
    ("Lua table", "a.lua", 'local c = { password = "[[swordfish]]" }', 'local c = { name = "swordfish" }'),
    ("Elixir config", "a.exs", 'config :app, Repo, password: "[[swordfish]]"', 'config :app, Repo, name: "swordfish"'),
    ("Scala", "a.scala", 'val secretKey = "[[swordfish9]]"', 'val publicName = "swordfish9"'),
    ("R", "a.R", 'Sys.setenv(API_TOKEN = "[[<A24>]]")', 'Sys.setenv(LANG = "en")'),
    ("SQL user", "a.sql", "CREATE USER me IDENTIFIED BY '[[swordfish]]';", "CREATE USER me;"),
    ("SQL role", "a.sql", "CREATE ROLE me WITH LOGIN PASSWORD '[[swordfish]]';", "CREATE ROLE me WITH LOGIN;"),
    ("SQL alter", "a.sql", "ALTER USER me WITH PASSWORD '[[swordfish]]'", "ALTER USER me WITH SUPERUSER"),
    ("requests auth pair", "a.py", "requests.get(u, auth=('me', '[[swordfish]]'))", "requests.get(u, auth=auth)"),
    ("HTTPBasicAuth", "a.py", 'HTTPBasicAuth("me", "[[swordfish]]")', "HTTPBasicAuth(user, password)"),
    ("smtp login", "a.py", 'server.login("me@x.io", "[[swordfish]]")', "server.login(user, password)"),
    (
        "paramiko",
        "a.py",
        'ssh.connect("x", username="me", password="[[swordfish]]")',
        'ssh.connect("x", username="me")',
    ),
    (
        "axios auth",
        "a.js",
        "axios.get(u, { auth: { username: 'me', password: '[[swordfish]]' } })",
        "axios.get(u, { auth })",
    ),
    ("header object", "a.js", "headers: { 'X-Api-Key': '[[<A32>]]' }", "headers: { 'X-Trace': 'on' }"),
    ("basic header", "a.js", "headers: { Authorization: 'Basic [[<B32>==]]' }", "headers: { Accept: 'text/html' }"),
    (
        "bearer template",
        "a.js",
        "headers: { Authorization: `Bearer [[<A40>]]` }",
        "headers: { Authorization: `Bearer ${token}` }",
    ),
    (
        "setRequestHeader",
        "a.js",
        "x.setRequestHeader('Authorization', 'Bearer [[<A40>]]')",
        "x.setRequestHeader('Accept', 'text/html')",
    ),
    ("jwt.sign", "a.js", "jwt.sign(payload, '[[swordfish9]]')", "jwt.sign(payload, secret)"),
    ("session secret", "a.js", "app.use(session({ secret: '[[swordfish]]' }))", "app.use(session({ resave: false }))"),
    ("cookie", "a.http", "Cookie: sessionid=[[<A32>]]", "Cookie: theme=dark"),
    ("cookie in code", "a.py", 'requests.get(u, cookies={"sessionid": "[[<A32>]]"})', "requests.get(u, cookies=jar)"),
    ("CSRF token", "a.py", 'csrf_token = "[[<A32>]]"', "csrf_token = request.token"),
    ("Fernet key", "a.py", 'Fernet(b"[[<A43>=]]")', "Fernet(key)"),
    (
        "encryption key as hexadecimal",
        "a.py",
        'encryption_key = bytes.fromhex("[[<H64>]]")',
        'digest = bytes.fromhex("00")',
    ),
    ("salt as hexadecimal", "a.js", "const jwtSecret = '[[<H64>]]'", "const sha = '<H40>'"),
    # ---- wallets, prose, commits
    ("Ethereum key", "a.js", 'new ethers.Wallet("[[0x<H64>]]")', "new ethers.Wallet(key)"),
    ("Ethereum key of a config", "hardhat.config.js", 'accounts: ["[[0x<H64>]]"]', "accounts: [process.env.KEY]"),
    ("Bitcoin key", "a.py", 'wif = "[[5' + 'Hue1G9uNeY7Tza8mKbXc2VdLfJqPwRsZtAyBgDhEiFjGkHmN]]"', 'wif = "5Hue"'),
    ("extended private key", "a.py", 'x = "[[xprv' + "9s21ZrQH143K" * 9 + ']]"', 'x = "xprv9"'),
    (
        "seed phrase",
        "a.js",
        'const mnemonic = "[[river stone cabin lucky apple ghost train velvet orbit piano sugar tiger]]"',
        'const sentence = "river stone cabin"',
    ),
    (
        "seed phrase in settings",
        "a.env.txt",
        "MNEMONIC=[[river stone cabin lucky apple ghost train velvet orbit piano sugar tiger]]",
        "SENTENCE=river stone cabin",
    ),
    ("password in a comment", "a.py", "# password: [[swordfish9]]", "# password: ask somebody"),
    ("password in prose", "README.md", "The password is `[[swordfish]]`.", "The password is asked for."),
    ("login in prose", "README.md", "Log in as admin / password: [[swordfish9]]", "Log in as somebody"),
    ("token in a log", "a.log.txt", "INFO using token=[[<A32>]] for x", "INFO using token for x"),
    ("password in a test", "test_a.py", 'USER_PASSWORD = "[[Sw0rdf!sh]]"', 'USER_NAME = "swordfish"'),
)
