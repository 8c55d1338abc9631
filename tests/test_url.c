/* tests/test_url.c - which spellings of a URL are read, and which addresses are private. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "check.h"
#include "http/url.h"

static int refused(const char *text) {
  Url u;
  Error err = { "" };
  return url_parse(&u, span_str(text), &err) == -1 && err.text[0] != '\0';
}

static void a_url_comes_apart(void) {
  Url u;
  Error err;
  char origin[URL_ORIGIN];
  CHECK(url_parse(&u, span_str("HTTPS://API.Example.com:8443/v1/x?y=%20z"), &err) == 0);
  CHECK(strcmp(u.scheme, "https") == 0 && strcmp(u.host, "api.example.com") == 0 && u.port == 8443 && !u.ipv6);
  CHECK(span_eq(u.path, span_str("/v1/x?y=%20z")));
  url_origin(&u, origin);
  CHECK(strcmp(origin, "https://api.example.com:8443") == 0);
  CHECK(url_parse(&u, span_str("https://a-b_c.d"), &err) == 0 && u.port == 443 && u.path.len == 0);
  url_origin(&u, origin);
  CHECK(strcmp(origin, "https://a-b_c.d") == 0);
  CHECK(url_parse(&u, span_str("http://[2001:DB8:0::1]:80/"), &err) == 0 && u.ipv6 && u.port == 80);
  CHECK(strcmp(u.host, "2001:db8::1") == 0);
  url_origin(&u, origin);
  CHECK(strcmp(origin, "http://[2001:db8::1]") == 0);
  CHECK(url_parse(&u, span_str("http://192.168.0.1:1"), &err) == 0 && url_host_kind(&u) == ADDRESS_PRIVATE);
}

/* What other readers take for 127.0.0.1, for another host, or for two requests. */
static void spellings_that_two_readers_may_read_differently_are_refused(void) {
  static const char *const bad[] = {
    "", "https", "https:", "https:/a.b", "https://", "//a.b/", "/path", "file:///etc/passwd", "gopher://a.b/",
    "ftp://a.b/", "httpss://a.b/", " https://a.b/", "https://a.b/ ", "https://a.b/x y", "https://a.b/x\r\nHost: c",
    "https://a.b\r\n/", "https://a.b\t/", "https://user@a.b/", "https://user:secret@a.b/", "https://a.b@127.0.0.1/",
    "https://a.b#@127.0.0.1/", "https://a.b/#f", "https://a.b\\@127.0.0.1/", "https://127.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.0.0.01/", "https://127.0.0.1.2/",
    "https://127.0.0.256/", "https://1.2.3.0x4/", "https://127.0.0.1./", "https://a..b/", "https://.a/",
    "https://a.b./",
    "https://-a.b/", "https://a-.b/", "https://[::1/", "https://::1/", "https://[::1]x/", "https://[::1%25lo]/",
    "https://[127.0.0.1]/", "https://[v7.x]/", "https://a.b:0/", "https://a.b:/", "https://a.b:65536/",
    "https://a.b:8o/",
    "https://a.b:080/", "https://a.b:-1/", "https://a.b:99999999999/", "https://a.b?x", "https://%31%32%37.0.0.1/",
    "https://\xe2\x91\xa0.b/", "https://a\xc2\xad.b/", "https://a.b/\x7f", "https://a.b/../x", "https://a.b/x/%2e%2E/y",
    "https://a.b/.", "https://a.b/%", "https://a.b/%4", "https://a.b/%zz", "https://a.b/<x>", "https://a.b/x|y",
    "https://a b/", "https://a,b/", "https://a;b/", "https://a*b/",
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (!refused(bad[i])) printf("taken: %s\n", bad[i]);
    CHECK(refused(bad[i]));
  }
  char nul[] = "https://a.b/x?y";
  nul[12] = '\0';
  Url u;
  Error err;
  CHECK(url_parse(&u, span_of(nul, sizeof nul - 1), &err) == -1);
  char *text = malloc(400);
  memset(text, 'a', 400);
  memcpy(text, "https://", 8);
  CHECK(url_parse(&u, span_of(text, 400), &err) == -1);
  CHECK(url_parse(&u, span_of(text, 8 + 63), &err) == 0 && url_parse(&u, span_of(text, 8 + 64), &err) == -1);
  free(text);
}

static void an_error_never_repeats_a_password(void) {
  Url u;
  Error err;
  CHECK(url_parse(&u, span_str("https://me:hunter2@a.b/"), &err) == -1);
  CHECK(strstr(err.text, "hunter2") == NULL && strstr(err.text, "password") != NULL);
}

static void the_same_origin_is_scheme_host_and_port(void) {
  static const struct { const char *a, *b; int same; } cases[] = {
    { "https://a.b", "HTTPS://A.B:443/x", 1 }, { "https://a.b", "http://a.b", 0 },
    { "https://a.b", "https://a.b:444", 0 },
    { "https://a.b", "https://a.b.c", 0 },     { "http://[::1]", "http://[0:0::1]:80", 1 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Url a, b;
    Error err;
    CHECK(url_parse(&a, span_str(cases[i].a), &err) == 0 && url_parse(&b, span_str(cases[i].b), &err) == 0);
    CHECK(url_same_origin(&a, &b) == cases[i].same);
  }
}

static AddressKind kind(const char *text) {
  struct sockaddr_in a = { .sin_family = AF_INET };
  struct sockaddr_in6 b = { .sin6_family = AF_INET6 };
  if (inet_pton(AF_INET, text, &a.sin_addr) == 1) return address_kind((struct sockaddr *)&a);
  CHECK(inet_pton(AF_INET6, text, &b.sin6_addr) == 1);
  return address_kind((struct sockaddr *)&b);
}

/* First and last address of each block, and those beside it. */
static void what_the_internet_does_not_route_is_not_public(void) {
  static const struct { const char *text; AddressKind kind; } cases[] = {
    { "0.0.0.0", ADDRESS_PRIVATE }, { "0.255.255.255", ADDRESS_PRIVATE }, { "1.0.0.0", ADDRESS_PUBLIC },
    { "9.255.255.255", ADDRESS_PUBLIC }, { "10.0.0.0", ADDRESS_PRIVATE }, { "10.255.255.255", ADDRESS_PRIVATE },
    { "11.0.0.0", ADDRESS_PUBLIC }, { "100.63.255.255", ADDRESS_PUBLIC }, { "100.64.0.0", ADDRESS_PRIVATE },
    { "100.127.255.255", ADDRESS_PRIVATE }, { "100.128.0.0", ADDRESS_PUBLIC }, { "126.255.255.255", ADDRESS_PUBLIC },
    { "127.0.0.1", ADDRESS_LOOPBACK }, { "127.255.255.255", ADDRESS_LOOPBACK }, { "128.0.0.0", ADDRESS_PUBLIC },
    { "169.254.169.254", ADDRESS_LINK_LOCAL }, { "169.253.255.255", ADDRESS_PUBLIC }, { "169.255.0.0", ADDRESS_PUBLIC },
    { "172.15.255.255", ADDRESS_PUBLIC }, { "172.16.0.0", ADDRESS_PRIVATE }, { "172.31.255.255", ADDRESS_PRIVATE },
    { "172.32.0.0", ADDRESS_PUBLIC }, { "192.0.2.1", ADDRESS_PRIVATE }, { "192.168.0.0", ADDRESS_PRIVATE },
    { "192.167.255.255", ADDRESS_PUBLIC }, { "192.169.0.0", ADDRESS_PUBLIC }, { "198.18.0.1", ADDRESS_PRIVATE },
    { "198.19.255.255", ADDRESS_PRIVATE }, { "198.20.0.0", ADDRESS_PUBLIC }, { "203.0.113.9", ADDRESS_PRIVATE },
    { "223.255.255.255", ADDRESS_PUBLIC }, { "224.0.0.1", ADDRESS_PRIVATE }, { "255.255.255.255", ADDRESS_PRIVATE },
    { "160.79.104.10", ADDRESS_PUBLIC }, { "::", ADDRESS_PRIVATE }, { "::1", ADDRESS_LOOPBACK },
    { "::ffff:127.0.0.1", ADDRESS_PRIVATE }, { "::ffff:8.8.8.8", ADDRESS_PRIVATE }, { "::7f00:1", ADDRESS_PRIVATE },
    { "64:ff9b::7f00:1", ADDRESS_PRIVATE }, { "64:ff9b:1::1", ADDRESS_PRIVATE }, { "2001::1", ADDRESS_PRIVATE },
    { "2001:db8::1", ADDRESS_PRIVATE }, { "2001:4860:4860::8888", ADDRESS_PUBLIC }, { "2002:7f00:1::",
      ADDRESS_PRIVATE },
    { "2607:6bc0::10", ADDRESS_PUBLIC }, { "fc00::1", ADDRESS_PRIVATE }, { "fdff::1", ADDRESS_PRIVATE },
    { "fe80::1", ADDRESS_LINK_LOCAL }, { "febf::1", ADDRESS_LINK_LOCAL }, { "fec0::1", ADDRESS_PRIVATE },
    { "ff02::1", ADDRESS_PRIVATE }, { "fbff::1", ADDRESS_PUBLIC },
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (kind(cases[i].text) != cases[i].kind) printf("%s: %s\n", cases[i].text, address_word(kind(cases[i].text)));
    CHECK(kind(cases[i].text) == cases[i].kind);
  }
  struct sockaddr unix_address = { .sa_family = AF_UNIX };
  CHECK(address_kind(&unix_address) == ADDRESS_PRIVATE);
}

static void a_host_that_is_an_address_tells_its_kind(void) {
  static const struct { const char *url; AddressKind kind; } cases[] = {
    { "http://localhost:8000", ADDRESS_LOOPBACK }, { "http://x.LOCALHOST", ADDRESS_LOOPBACK },
    { "http://notlocalhost", ADDRESS_PUBLIC }, { "http://[::1]", ADDRESS_LOOPBACK }, { "http://10.0.0.5",
      ADDRESS_PRIVATE },
    { "http://169.254.169.254", ADDRESS_LINK_LOCAL }, { "https://api.anthropic.com", ADDRESS_PUBLIC },
    { "http://[fe80::1]", ADDRESS_LINK_LOCAL }, { "http://[::ffff:7f00:1]", ADDRESS_PRIVATE },
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Url u;
    Error err;
    CHECK(url_parse(&u, span_str(cases[i].url), &err) == 0 && url_host_kind(&u) == cases[i].kind);
  }
}

int main(void) {
  RUN(a_url_comes_apart);
  RUN(spellings_that_two_readers_may_read_differently_are_refused);
  RUN(an_error_never_repeats_a_password);
  RUN(the_same_origin_is_scheme_host_and_port);
  RUN(what_the_internet_does_not_route_is_not_public);
  RUN(a_host_that_is_an_address_tells_its_kind);
  return check_done();
}
