/* http2.c - HTTP/2 by nghttp2, where the build has it: over TLS by ALPN, in the clear by prior knowledge. */
#include "server.h"

static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

int http2_wanted(Span in) {
  size_t n = in.len < sizeof PREFACE - 1 ? in.len : sizeof PREFACE - 1;
  if (memcmp(in.ptr, PREFACE, n) != 0) return 0;
  return n == sizeof PREFACE - 1 ? 1 : -1;
}

int http2_built(void) { return 0; }
int http2_open(Conn *c) { (void)c; return -1; }
void http2_read(Conn *c) { (void)c; }
void http2_due(Conn *c, Exchange *x) { (void)c; (void)x; }
void http2_close(Conn *c) { (void)c; }
