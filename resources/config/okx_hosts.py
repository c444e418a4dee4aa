"""OKX's public addresses, by the region in which an account was opened."""

REST_HOSTS = {
    "global": "https://openapi.okx.com",
    "eea": "https://eea.okx.com",
    "us": "https://us.okx.com",
}
STREAM_HOSTS = {
    "global": "wss://ws.okx.com:8443",
    "eea": "wss://wseea.okx.com:8443",
    "us": "wss://wsus.okx.com:8443",
}
DEMO_STREAM_HOSTS = {
    "global": "wss://wspap.okx.com:8443",
    "eea": "wss://wseeapap.okx.com:8443",
    "us": "wss://wsuspap.okx.com:8443",
}
