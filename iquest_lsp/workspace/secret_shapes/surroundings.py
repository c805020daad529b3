"""Values that their surroundings give away: a telling name, a header, an option, an address.

A value is masked and its file kept. The table has as many lines as there are kinds.
"""

from __future__ import annotations

from iquest_lsp.workspace.secret_shapes.rule import below, given, mask

#: A quoted value; the quotes stay.
_Q = r"[rbuL@]{0,2}(?:\"\"|'')?[\"'`]([^\"'`\r\n]{4,200})[\"'`]"
#: A value of a command line, quoted or not.
_V = r"[\"']?([^\s\"'|;&<>]{4,200})"
#: The scheme before the value of a header: Bearer, Basic, X-Authorization.
SCHEME = r"(?:(?:Bearer|Basic|Token|Digest|API-?Key|OAuth|X-[A-Za-z-]{2,30})[ \t]{1,2})?"
_NAME = r"[A-Za-z0-9_.\-]{0,40}"
#: Names that can only mean a password, or that end in a word for a secret.
_TELLING = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|secret[_-]?key|access[_-]?key|private[_-]?key"
    r"|auth[_-]?key|credentials?|encryption[_-]?key|signing[_-]?key|account[_-]?key)"
)
#: What may stand between a name and its quoted value: a sign, a type and a sign, the call that makes a string of it.
_GLUE = (
    r"(?::\s{0,3}&?(?:'[a-z]{1,20}\s{1,3})?[\w.<>\[\]|? ]{1,40}=|=>|:=|[=!]={1,2}|=|:|\{|[ \t](?=[\"'])|\{[^{}\n]{0,30}\}\s{0,3}="
    r"|\[\d{0,5}\]\s{0,3}=)\s{0,5}(?:(?:String|str|std::string|string|SecretStr|Secret|Some|to_string)(?:::\w{1,20})?[({]\s{0,5})?"
)
_PASSWORD = r"(?:pass(?:word|wd|phrase|code)|pwd|(?<![a-z])pass)"

GIVEN = (
    given(
        "client secret in a call",
        "clientsecretcredential",
        r"ClientSecretCredential\([^)\n]{0,300}?,\s{0,20}" + _Q + r"\s{0,20}\)",
        'ClientSecretCredential(tenant, client, "<A20>")',
        "ClientSecretCredential(tenant, client, secret)",
    ),
    given(
        "user and password on a command line",
        "curl wget http",
        r"\b(?:curl|wget|http)\b[^\n]{0,300}?\s(?:-u|--user|--proxy-user|-a)[= ]{0,2}[\"']?[^\s:\"']{1,80}:" + _V,
        "curl -u admin:<A12> https://x.y",
        'curl -u "$USER:$PASSWORD" https://x.y',
    ),
    given(
        "password on a command line",
        "mysql mariadb mongo",
        r"\b(?:mysql\w{0,10}|mariadb\w{0,10})\b[^\n]{0,200}?\s-p" + _V,
        "mysql -u root -p<A10> db",
        "mysql -u root -p db",
    ),
    given(
        "password on a command line",
        "sshpass",
        r"\bsshpass\s{1,5}-p\s{0,5}" + _V,
        "sshpass -p <A10> ssh x",
        'sshpass -p "$PASS" ssh x',
    ),
    given(
        "password option",
        "--pass --token --secret --api-key --client-secret --auth",
        r"(?<![\w-])--(?:[a-z]{1,20}-){0,3}(?:pass(?:word|wd|phrase)?|secret|token|api-?key|access-?key)(?:=|\s{1,3})"
        + _V,
        "tool login --password <A12> x",
        "tool login --password $PASSWORD",
    ),
    given(
        "service principal",
        "service-principal",
        r"--service-principal\b[^\n]{0,200}?\s-p\s{1,5}" + _V,
        "az login --service-principal -u x -p <A20>",
        "az login --service-principal -u x -p $P",
    ),
    given(
        "docker or registry login",
        "login",
        r"\blogin\b[^\n]{0,200}?\s-p\s{1,5}" + _V,
        "docker login -u me -p <A14> x.io",
        "docker login -u me -p $P x.io",
    ),
    given(
        "password in an OpenSSL argument",
        "pass:",
        r"-(?:pass|passin|passout)\s{1,5}pass:" + _V,
        "openssl enc -pass pass:<A10>",
        "openssl enc -pass file:x",
    ),
    given(
        "environment of a command",
        "pgpassword= mysql_pwd= redisclicauth= aws_secret_access_key=",
        r"\b(?:PGPASSWORD|MYSQL_PWD|REDISCLI_AUTH|AWS_SECRET_ACCESS_KEY)=" + _V,
        "PGPASSWORD=<A10> psql",
        "PGPASSWORD=$P psql",
    ),
    given(
        "Windows credentials",
        "net convertto",
        r"(?:\bnet\s{1,3}use\b[^\n]{0,150}?/user:\S{1,60}\s{1,3}|ConvertTo-SecureString\s{1,3}(?:-String\s{1,3})?)[\"']([^\"'\n]{4,100})[\"']",
        'ConvertTo-SecureString "<A12>" -AsPlainText',
        "ConvertTo-SecureString $p -AsPlainText",
    ),
    given(
        "Ansible variable",
        "ansible_",
        r"\bansible_[a-z_]{0,20}pass(?:word)?\s{0,5}[:=]\s{0,5}" + _V,
        "ansible_ssh_pass=<A8>",
        'ansible_ssh_pass="{{ vault }}"',
    ),
    given(
        "password of a short name",
        "pass",
        r"(?<![a-z])[a-z0-9_.\-]{0,30}[_.\-]pass[\"']?\s{0,5}(?::|=)\s{0,5}" + _Q,
        'smtp_pass = "<A8>"',
        'all_pass = "yes, they do"',
    ),
    given(
        "docker auth entry",
        "auth",
        r"\"_?auth\"\s{0,10}:\s{0,10}\"([A-Za-z0-9+/]{12,400}={0,2})\"",
        '"auth": "dXNl<A14>=="',
        '"auth": "basic"',
    ),
    given(
        "npm auth entry",
        "_auth",
        r"(?<![a-z0-9])_(?:auth|authToken|password)\s{0,5}=\s{0,5}" + _V,
        "//x/:_authToken=<A30>",
        "//x/:_authToken=${TOKEN}",
    ),
    given(
        "XML element",
        "</",
        r"<(?:\w{1,20}:)?" + _NAME + _TELLING + r">\s{0,20}([^<\s][^<\n]{2,200}?)\s{0,20}</",
        "<password><A10></password>",
        "<password>${env.PASSWORD}</password>",
    ),
    mask(
        "encrypted value of an XML element",
        "</",
        r"<" + _NAME + _TELLING + r">\s{0,20}\{([^{}<>\n]{16,4000})\}\s{0,20}</",
        "<secret>{<A40>=}</secret>",
        "<secret>{{ secret }}</secret>",
    ),
    given(
        "hook that anyone who knows its address may call",
        "hook/ hooks/",
        r"://[A-Za-z0-9.\-:]{3,100}/(?:[A-Za-z0-9_\-]{1,40}/){0,4}(?:web)?hooks?/(?:[A-Za-z0-9_\-]{1,80}/){0,3}"
        r"((?=[A-Za-z_\-]{0,80}\d)[A-Za-z0-9_\-]{16,200})",
        '"https://tasks.x.io/webhook/<A32>"',
        '"https://docs.x.io/webhooks/getting-started-with-them"',
    ),
    given(
        "random value of what is called key",
        "key",
        r"(?<![\w.$-])[\w.-]{0,40}key[\"']?\s{0,5}[:=]\s{0,5}[\"']?((?=[A-Za-z+/=_.\-]{0,400}\d)(?=[0-9+/=_.\-]{0,400}[A-Za-z])"
        r"(?![a-f0-9]{20,400}(?![A-Za-z0-9+/=_.\-]))[A-Za-z0-9+/=_.\-]{20,4000})(?![\w(\[])",
        "[DEBUG] key=<A40>",
        "key=first_of_all_the_names",
        literal=True,
    ),
    given(
        "secret told in a sentence",
        "pass secret token key",
        r"\b(?:"
        + _TELLING
        + r"|key) (?:is|was|of|to|:) [\"'`]?((?=[A-Za-z+/=_.\-]{0,400}\d)[A-Za-z0-9+/=_\-]{20,400})",
        "our key is <A32>, keep it",
        "the token is expected_by_the_server",
    ),
    given(
        "XML attribute",
        "value",
        r"(?:key|name)=\"" + _NAME + _TELLING + r"\"\s{1,10}value=\"([^\"\n]{4,200})\"",
        '<add key="DbPassword" value="<A10>" />',
        '<add key="Width" value="300px" />',
    ),
    given(
        "XML attribute",
        "password= pwd= secret= key=",
        r"\s(?:password|pwd|secret|apikey)=\"([^\"\n]{4,200})\"",
        '<user name="x" password="<A10>"/>',
        '<input type="password" name="x"/>',
    ),
    given(
        "connection string",
        "password= pwd= user",
        r"(?:^|[;\"'\s])(?:password|pwd)\s{0,3}=\s{0,3}([^;\"'\s()\[\]]{4,100})(?=;|[\"'])",
        '"Server=x;User=sa;Password=<A10>;"',
        '"Server=x;Password={0};"',
    ),
    given(
        "constant",
        "const static #define let val final",
        r"\b(?:const|static|let|val|final|var|define)\b[^\n=]{0,80}?\b"
        + _NAME
        + _TELLING
        + r"\b(?:[^\n=\"']|&'[a-z]{1,20}\b){0,40}(?:=|\s)\s{0,10}&?\s{0,3}"
        + _Q,
        'const API_KEY: &str = "<A12>";',
        'const API_KEY: &str = env!("K");',
    ),
    given(
        "macro",
        "#define",
        r"#\s{0,5}define\s{1,10}" + _NAME + _TELLING + r"\s{1,10}" + _Q,
        '#define WIFI_PASSWORD "<A10>"',
        "#define PASSWORD_MAX 20",
    ),
    given(
        "character array",
        "char",
        r"\bchar\s{1,5}\*?\s{0,5}(?:const\s{1,5})?" + _NAME + _TELLING + r"\s{0,5}(?:\[\d{0,5}\])?\s{0,5}=\s{0,5}" + _Q,
        'static char password[] = "<A10>";',
        'char password[32] = "";',
    ),
    given(
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
    given(
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
    given(
        "default of a shell variable",
        "${",
        r"\$\{" + _NAME + _TELLING + r":[-=]([^}\s$]{4,100})\}",
        "${DB_PASSWORD:-<A10>}",
        "${DB_PASSWORD:-}",
    ),
    given(
        "setter",
        "password( passwd( passphrase( pass( pwd( secret( token( key( credential( credentials( passcode(",
        r"\b(?:set|with|use)?_?" + _NAME + _TELLING + r"\(\s{0,10}" + _Q + r"\s{0,10}\)",
        'config.setPassword("<A10>")',
        'getPassword("label.user")',
    ),
    given(
        "user and password in a call",
        "auth credential login connect",
        r"\b(?:HTTPBasicAuth|BasicAuth|SetBasicAuth|basic_auth|withCredentials|NetworkCredential|UsernamePasswordCredentials|UsernamePasswordAuthenticationToken|PasswordAuthentication|login)\(\s{0,5}[\"'][^\"'\n]{1,80}[\"']\s{0,5},\s{0,5}"
        + _Q,
        'HTTPBasicAuth("admin", "<A8>")',
        'login("admin", password); login("user", "pass")',
    ),
    given(
        "user and password in a pair",
        "auth=",
        r"\bauth\s{0,3}=\s{0,3}\(\s{0,5}[\"'][^\"'\n]{1,80}[\"']\s{0,5},\s{0,5}" + _Q,
        'get(url, auth=("me", "<A8>"))',
        "get(url, auth=(user, password))",
    ),
    below(
        "value over several lines",
        "pass pwd secret token key",
        _TELLING
        + r"[\"']?\s{0,5}(?::|=)\s{0,5}(?:\(|>-?|\|-?|\\)?\s{0,5}\r?\n\s{1,60}[\"']?([^\s\"',(){}\[\]#]{8,200})[\"']?\s{0,5}(?:\)|,|\r?\n|\Z)",
        'password = (\n    "<A12>"\n)',
        "password: str\n    used for the login",
        literal=True,
    ),
    given(
        "cookie",
        "cookie",
        r"\b(?:set-)?cookie[\"']?\s{0,5}[:=]\s{0,5}[\"']?[A-Za-z0-9_.\-]{1,40}=([A-Za-z0-9%._+/=\-]{16,400})",
        "Cookie: sessionid=<A32>",
        "Cookie: theme=dark",
    ),
    given(
        "session cookie",
        "session sid csrf",
        r"\b(?:session_?id|connect\.sid|PHPSESSID|JSESSIONID|csrf_?token)[\"']?\s{0,3}[=:]\s{0,3}[\"']?([A-Za-z0-9%._+\-]{20,400})",
        "PHPSESSID=<A26>",
        "session_id = request.session",
    ),
    given(
        "seed phrase",
        "mnemonic seed phrase",
        r"(?:mnemonic|seed|recovery)[\w \-]{0,20}[\"']?\s{0,5}[:=]\s{0,5}[\"']?((?:[a-z]{3,8} ){11,23}[a-z]{3,8})\b",
        "mnemonic: " + " ".join(["river", "stone", "cabin", "lucky"] * 3),
        "seed: a number from which all others follow",
    ),
    given(
        "wallet key",
        "private wallet key wif",
        r"(?:private|priv|wallet|secret|signer|deployer)[\w\-]{0,20}[\"']?\s{0,5}[:=(]\s{0,5}[\"']?((?:0x)?[a-f0-9]{64})\b",
        'privateKey: "0x<H64>"',
        'sha256: "0x<H64>"',
    ),
    given(
        "wallet key",
        "5 k l",
        r"(?<![A-Za-z0-9])([5KL](?=[1-9A-HJ-NP-Za-km-z]{0,50}\d)[1-9A-HJ-NP-Za-km-z]{50,51})(?![A-Za-z0-9])",
        "'5" + "Hue1G" * 10 + "'",
        "'5Hue'",
    ),
    given(
        "hexadecimal key",
        "key secret token salt",
        r"\b(?:(?:api|secret|access|auth|encryption|signing|master|session|jwt)[_-]?(?:key|secret|token)|secret[_-]?key[_-]?base)[\"']?\s{0,5}(?::|=>?|:=)\s{0,5}[\"']?([a-f0-9]{32,128})\b",
        "api_key: <H32>",
        "cache_key: <H32>",
    ),
    given(
        "password that is a word",
        "pass pwd",
        r"(?<![a-z])" + _NAME + _PASSWORD + r"[\"'\]]{0,2}\s{0,5}" + _GLUE + _Q,
        'db_password = "swordfish"',
        'password = "password"',
    ),
    given(
        "secret that is a word",
        "secret psk",
        r"(?<![a-z])" + _NAME + r"(?:secret|psk|presharedkey)[\"'\]]{0,2}\s{0,5}" + _GLUE + _Q,
        "session({ secret: 'swordfish' })",
        "session({ secret: env.secret })",
    ),
    given(
        "pieces of a password",
        "pass pwd secret token key",
        _TELLING + r"[\"'\]]{0,2}\s{0,5}(?:=|:)\s{0,5}(\"[^\"\n]{2,100}\"(?:\s{0,3}[+.]\s{0,3}\"[^\"\n]{2,100}\"){1,9}"
        r"|'[^'\n]{2,100}'(?:\s{0,3}[+.]\s{0,3}'[^'\n]{2,100}'){1,9})",
        'password = "<A5>" + "<A5>"',
        'key = "a" + name + "b"',
    ),
    below(
        "value over several lines",
        "pass pwd secret token key",
        _TELLING
        + r"[\"'\]]{0,2}\s{0,5}(?:=|:)\s{0,5}\(\s{0,40}([\"'][^\"'\n]{4,200}[\"'](?:\s{1,60}[\"'][^\"'\n]{1,200}[\"']){1,20})",
        'token = (\n    "<A20>"\n    "<A20>"\n)',
        "token = (\n    first\n    + second\n)",
    ),
    given(
        "password put under its name",
        "pass pwd secret token key",
        r"\b(?:put|set\w{0,20}|define|add\w{0,20}|append|setenv|putenv|insert|header|store|option)\(\s{0,5}[\"']"
        + _NAME
        + _TELLING
        + r"[\"']\s{0,5},\s{0,5}"
        + _Q,
        'props.put("password", "swordfish")',
        'props.put("password", password)',
    ),
    mask(
        "WordPress key",
        "_key _salt",
        r"define\(\s{0,5}[\"'](?:AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)[\"']\s{0,5},\s{0,5}[\"'](.{8,200})[\"']\s{0,5}\)",
        "define('AUTH_KEY', '<A20>;!{|<A20>')",
        "define('AUTH_KEY', '')",
    ),
    given(
        "password of a list of arguments",
        "--pass --token --secret --api --auth",
        r"[\"']--?(?:[a-z]{1,20}-){0,3}(?:pass(?:word|wd|phrase)?|secret|token|api-?key|access-?key|auth-?key)[\"']\s{0,5},\s{0,5}"
        + _Q,
        '["tool", "--password", "swordfish"]',
        '["tool", "--password", password]',
    ),
    given(
        "password given to a connection",
        "getconnection mysqli pdo connect( createconnection",
        r"\b(?:getConnection|mysqli(?:_connect)?|PDO|connect|createConnection)\(\s{0,5}(?:[^,()\n]{1,200}|[\"'][^\"'\n]{1,200}[\"']),\s{0,5}[\"'][^\"'\n]{1,60}[\"']\s{0,5},\s{0,5}"
        + _Q,
        'getConnection(url, "root", "swordfish")',
        "getConnection(url, user, password)",
    ),
    given(
        "key given to a function",
        "jwt. fernet( hmac sign(",
        r"\b(?:jwt\.(?:sign|encode|decode|verify)\([^,\n]{1,100},\s{0,5}|Fernet\(|hmac\.new\(|createHmac\([^,\n]{1,40},\s{0,5}|createSecretKey\()"
        + _Q,
        "jwt.sign(payload, 'swordfish9')",
        "jwt.sign(payload, secret)",
    ),
    given(
        "password in SQL",
        "identified password",
        r"\b(?:IDENTIFIED\s{1,5}(?:WITH\s{1,5}\S{1,40}\s{1,5})?BY|PASSWORD)\s{1,5}(?:ENCRYPTED\s{1,5})?(?:PASSWORD\s{1,5})?'([^'\n]{4,100})'",
        "CREATE USER me IDENTIFIED BY 'swordfish';",
        "CREATE USER me IDENTIFIED BY ?;",
    ),
    given(
        "default of a placeholder",
        "${",
        r"\$\{" + _NAME + _TELLING + r":([^}\s$?\-=+][^}\s$]{3,100})\}",
        "${DB_PASSWORD:swordfish}",
        "${DB_PASSWORD:}",
    ),
    given(
        "default of an environment look-up",
        "fetch",
        r"\bfetch\(\s{0,5}[\"']" + _NAME + _TELLING + r"[\"']\s{0,5}\)\s{0,5}\{\s{0,5}" + _Q,
        "ENV.fetch('DB_PASSWORD') { 'swordfish' }",
        "ENV.fetch('DB_PASSWORD') { nil }",
    ),
    below(
        "default of a variable",
        "variable",
        r"\bvariable\s{1,5}\"" + _NAME + _TELLING + r"\"\s{0,5}\{[^{}]{0,300}?\bdefault\s{0,10}=\s{0,10}" + _Q,
        'variable "db_password" {\n  default = "swordfish"\n}',
        'variable "db_password" {\n  type = string\n}',
    ),
    below(
        "value of a named entry",
        "name key",
        r"\bname[\"']?\s{0,3}[:=]\s{0,3}[\"']?"
        + _NAME
        + _TELLING
        + r"[\"']?\s{0,5},?\s{1,60}[\"']?value[\"']?\s{0,3}:\s{0,3}[\"']?([^\s\"'#,{}]{4,200})",
        "- name: DB_PASSWORD\n  value: swordfish",
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef",
    ),
    below(
        "value of a named element",
        "name <key",
        r"(?:name=[\"']"
        + _NAME
        + _TELLING
        + r"[\"']\s{0,5}>|<key>"
        + _NAME
        + _TELLING
        + r"</key>)\s{0,60}<(?:value|string)>\s{0,10}([^<\n]{4,200}?)\s{0,10}</",
        "<key>apiSecret</key>\n<string>swordfish</string>",
        "<key>apiSecret</key>\n<true/>",
    ),
    given(
        "password in an assignment of a command",
        "pass pwd secret token",
        r"(?<![a-z$])(?:[a-z0-9]{1,20}[_.\-]){0,5}(?:password|passwd|pwd|passphrase|pass|secret|token)=([^\s\"'`$&;|<>(){}\[\],]{4,100})(?![^\s\"'`&;|<>)\],}])",
        "docker run -e MYSQL_ROOT_PASSWORD=swordfish mysql",
        "docker run -e MYSQL_ROOT_PASSWORD mysql",
        literal=True,
    ),
    given(
        "setting of a Dockerfile",
        "env arg",
        r"^[ \t]{0,40}(?:ENV|ARG)\s{1,5}" + _NAME + _TELLING + r"(?:\s{1,5}|=)[\"']?([^\s\"'$]{4,200})",
        "ENV API_TOKEN <A30>",
        "ENV API_TOKEN $TOKEN",
    ),
    given(
        "literal of a Kubernetes secret",
        "--from-literal",
        r"secret\b[^\n]{0,300}?--from-literal[= ][\"']?[\w.\-]{1,60}=([^\s\"']{2,200})",
        "kubectl create secret generic x --from-literal=any=swordfish",
        "kubectl create configmap x --from-literal=any=thing",
    ),
    given(
        "password on a command line",
        "mongo",
        r"\bmongo(?:sh|dump|restore|export|import)?\b[^\n]{0,200}?\s-p[= ]{0,2}" + _V,
        "mongosh -u me -p swordfish x",
        "mongosh -u me x",
    ),
    given(
        "password on a command line",
        "redis-cli",
        r"\bredis-cli\b[^\n]{0,200}?\s(?:-a|--pass)\s{1,3}" + _V,
        "redis-cli -h x -a swordfish",
        "redis-cli -h x",
    ),
    given(
        "password on a command line",
        "openssl keytool jarsigner",
        r"\b(?:openssl\s{1,3}enc\b[^\n]{0,200}?\s-k\s{1,3}|(?:keytool|jarsigner)\b[^\n]{0,300}?\s-(?:store|key|src|dest)(?:store)?pass\s{1,3})"
        + _V,
        "keytool -storepass swordfish",
        "keytool -list",
    ),
    given(
        "password on a command line",
        "keypass storepass",
        r"\s-(?:key|src|dest|store)(?:store|key)?pass\s{1,3}" + _V,
        "x -keypass swordfish",
        "x -keypass $P",
    ),
    given(
        "password given to a command",
        "sudo chpasswd passwd",
        r"\b(?:echo|printf)\s{1,3}(?:-\w{1,3}\s{1,3})?[\"']?([^\s\"'|]{4,100})[\"']?\s{0,3}\|\s{0,3}(?:sudo\s{1,3}-S|(?:sudo\s{1,3})?chpasswd|passwd\s{1,3}--stdin)",
        "echo swordfish | sudo -S ls",
        "echo hello | sudo tee x",
    ),
    given(
        "machine of a netrc",
        "machine",
        r"\bmachine\s{1,5}\S{1,100}\s{1,60}login\s{1,5}\S{1,100}\s{1,60}password\s{1,5}(\S{3,200})",
        "machine x.io login me password swordfish",
        "machine x.io login me account y",
    ),
    given(
        "key in a query",
        "key= token= secret= pass= password= sig= auth= pwd=",
        r"[?&](?:api_?key|apikey|access_?key|access_token|auth_?token|id_token|refresh_token|token|auth|key|secret|client_secret|password|passwd|pwd|pass|signature)=([A-Za-z0-9%._+/=~\-]{4,400})",
        "https://x.io/v1?api_key=<A32>",
        "https://x.io/v1?api_key={key}",
    ),
    given(
        "Oracle address",
        "oracle:",
        r"jdbc:oracle:\w{1,10}:[^\s/@:]{1,60}/([^\s@\"'{}$]{3,100})@",
        "jdbc:oracle:thin:me/swordfish@x:1521/db",
        "jdbc:oracle:thin:@x:1521/db",
    ),
    given(
        "header in a template",
        "bearer basic",
        r"authorization[\"']?\s{0,3}[:=,]\s{0,3}`(?:bearer|basic|token)\s{1,3}([A-Za-z0-9+/_.=~\-]{12,400})`",
        "Authorization: `Bearer <A40>`",
        "Authorization: `Bearer ${token}`",
    ),
    mask(
        "Laravel key",
        "base64:",
        r"[\"'= ]base64:([A-Za-z0-9+/]{43}=)",
        "APP_KEY=base64:<A43>=",
        "data:image/png;base64:x",
    ),
    given(
        "key as hexadecimal",
        "fromhex unhexlify hex(",
        _TELLING
        + r"[\"'\]]{0,2}\s{0,5}(?:=|:|:=)[^\n\"']{0,40}(?:fromhex|unhexlify|hexToBytes|decodeHex|decode_hex|hex)\(\s{0,3}"
        + _Q,
        'encryption_key = bytes.fromhex("<H64>")',
        "encryption_key = bytes.fromhex(text)",
    ),
    mask(
        "account of a wallet",
        "accounts wallet privatekey",
        r"(?:accounts|private_?[kK]eys?|[wW]allets?)[^\w\n]{1,6}\[?[ \t]{0,5}[\"']((?:0x)?[a-f0-9]{64})[\"']",
        'accounts: ["0x<H64>"]',
        "accounts: [key]",
    ),
    given(
        "Azure DevOps token",
        "pat",
        r"(?<![a-z])(?:[A-Z0-9]{1,20}_){1,4}PAT[\"']?\s{0,3}[:=]\s{0,3}[\"']?([a-z0-9]{40,90})",
        "AZURE_DEVOPS_PAT: <H52>",
        "AZURE_DEVOPS_PAT: $PAT",
    ),
    mask(
        "account and token of Twilio",
        "ac",
        r"[\"']AC[0-9a-f]{32}[\"'],\s{0,5}[\"']([0-9a-f]{32})[\"']",
        'Client("AC<H32>", "<H32>")',
        'Client("AC<H32>", token)',
    ),
    given(
        "password in settings",
        "pass pwd secret psk shared",
        r"(?<![a-z])"
        + _NAME
        + r"(?:password|passwd|pwd|passphrase|secret|psk|pre_?shared_?key)[\"']?[ \t]{0,10}[:=][ \t]{0,10}"
        r"([^\s\"'#$,;{}()\[\]<>|&!*]{4,100})(?=[ \t]{0,10}(?:\r?$|[,}#]|//)|[ \t]{1,5}[\w.\-]{1,40}[:=])",
        "db: {user: me, password: swordfish}",
        "db: {user: me, password: null}",
        literal=True,
    ),
    given(
        "sentence for a password",
        "pass pwd",
        r"^[ \t]{0,40}(?:-[ \t]{1,5})?[\w.\-]{0,40}(?:password|passwd|pwd|passphrase)[ \t]{0,10}[:=][ \t]{0,10}[\"']([^\"'\n]{4,100})[\"'][ \t]{0,10}\r?$",
        "password: 'sword fish'",
        "password: ''",
    ),
    given(
        "password told in words",
        "pass pwd",
        r"\b(?:password|passwd|passphrase|pwd)[ \t]{0,3}[:=][ \t]{0,3}[`*\"']{0,3}((?=[^\s]{0,40}\d)[^\s\"'`*,;()<>\[\]{}]{6,60})(?=[\s`*\"'.,;)]|$)",
        "# password: swordfish9",
        "# password: ask somebody",
    ),
    given(
        "password of a settings file",
        "pass pwd",
        r"^[ \t]{0,40}(?:export[ \t]{1,5})?[\w.\-]{0,40}(?:password|passwd|pwd|passphrase)[ \t]{0,10}[:=][ \t]{0,10}([^\s\"'#$,;{}()\[\]<>]{4,100})[ \t]{0,10}\r?$",
        "password = swordfish",
        "password = null",
        literal=True,
    ),
    given(
        "password in prose",
        "password",
        r"\bpassword (?:is|was|to)[: ]{1,3}[\"'`]([^\s\"'`]{6,60})[\"'`]",
        'the password is "<A10>"',
        "the password is wrong",
    ),
    given(
        "user name in an address",
        "https://",
        r"https?://([A-Za-z0-9_\-]{20,200})(?::x-oauth-basic)?@",
        "https://<A40>@github.com/a/b",
        "https://user@github.com/a/b",
    ),
    given(
        "password in an address",
        "://",
        r"[a-z][a-z0-9+.\-]{1,20}://[^\s:/@\"'<>]{0,100}:([^\s/@\"'<>{}$]{3,200})@",
        "amqp://guest:<A8>@mq:5672/",
        "amqp://guest:{password}@mq:5672/",
    ),
    mask(
        "htpasswd entry",
        "$apr1$ $2y$ $2a$ $2b$ $6$ $5$ $1$ {sha}",
        r"(\$(?:apr1|2[aby]|[156]|argon2id?|y)\$[./A-Za-z0-9$=,]{20,200}|\{SHA\}[A-Za-z0-9+/=]{27,29})",
        "admin:$apr1$<A8>$<A22>",
        "price: $1$",
    ),
    given(
        "authorization header",
        "authorization x- token key",
        r"\b(?:x-(?:api|auth|access)[\w\-]{0,20}|private-token|authorization)[\"']?\s{0,3}[:,=]\s{0,3}[\"']?(?:(?:bearer|basic|token|apikey)\s{1,3})?([A-Za-z0-9+/_.=~\-]{12,400})",
        "X-Api-Key: <A24>",
        "X-Api-Key: $KEY",
    ),
)
