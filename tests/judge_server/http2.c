/* http2.c - HTTP/2 by nghttp2, where the build has it: over TLS by ALPN, in the clear by prior knowledge (RFC 9113).
** What breaks a reply in HTTP/1.1 has a counterpart here: a stream that is reset, a length that lies, GOAWAY. */
#include "server.h"

static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

int http2_wanted(Span in) {
  size_t n = in.len < sizeof PREFACE - 1 ? in.len : sizeof PREFACE - 1;
  if (memcmp(in.ptr, PREFACE, n) != 0) return 0;
  return n == sizeof PREFACE - 1 ? 1 : -1;
}

#ifndef HAVE_NGHTTP2

int http2_built(void) { return 0; }
int http2_open(Conn *c) { return c->h2 == NULL ? -1 : 0; }
void http2_read(Conn *c) { (void)c; }
void http2_due(Conn *c, Exchange *x) { (void)c; (void)x; }
void http2_close(Conn *c) { (void)c; }

#else
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 1 << 20, FIELDS = 40, STREAMS = 1000 };

typedef struct Stream {
  struct Stream *prev, *next;
  int32_t id;
  Buf method, path, head, body;
  Exchange *x;
} Stream;

typedef struct Session { nghttp2_session *ng; Stream *streams; } Session;

int http2_built(void) { return 1; }

/* ---- requests ---- */

static void stream_free(Session *h, Stream *t) {
  if (t->prev != NULL) t->prev->next = t->next;
  else h->streams = t->next;
  if (t->next != NULL) t->next->prev = t->prev;
  buf_free(&t->method);
  buf_free(&t->path);
  buf_free(&t->head);
  buf_free(&t->body);
  free(t);
}

static int on_begin(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  Session *h = ((Conn *)user)->h2;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Stream *t = calloc(1, sizeof *t);
  if (t == NULL) abort();
  t->id = frame->hd.stream_id;
  t->next = h->streams;
  if (h->streams != NULL) h->streams->prev = t;
  h->streams = t;
  return nghttp2_session_set_stream_user_data(ng, t->id, t);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user) {
  Stream *t = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
  Span key = span_of((const char *)name, name_len);
  (void)flags;
  (void)user;
  if (t == NULL) return 0;
  if (span_eq(key, span_str(":method"))) buf_add(&t->method, value, value_len);
  else if (span_eq(key, span_str(":path"))) buf_add(&t->path, value, value_len);
  else if (span_eq(key, span_str(":authority")))
    buf_printf(&t->head, "host: %.*s\r\n", (int)value_len, (const char *)value);
  else if (name[0] != ':')
    buf_printf(&t->head, "%.*s: %.*s\r\n", (int)name_len, (const char *)name, (int)value_len, (const char *)value);
  return 0;
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t len, void *user) {
  Stream *t = nghttp2_session_get_stream_user_data(ng, id);
  (void)flags;
  (void)user;
  return t != NULL && buf_add(&t->body, data, len) != 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static void handle(Conn *c, Stream *t) {
  Server *s = c->server;
  const char *q = t->path.len > 0 ? memchr(t->path.ptr, '?', t->path.len) : NULL;
  Request r = { .method = buf_span(&t->method), .path = buf_span(&t->path), .head = buf_span(&t->head),
                .body = buf_span(&t->body), .h2 = 1, .tls = c->ssl != NULL };
  if (q != NULL) {
    r.query = span_of(q + 1, (size_t)(r.path.ptr + r.path.len - q - 1));
    r.path.len = (size_t)(q - r.path.ptr);
  }
  t->x = exchange_new(s, c, t->id);
  api_handle(s, &r, &t->x->reply);
  exchange_later(s, t->x, PHASE_SEND, t->x->reply.delay_ns);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user) {
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  Stream *t = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
  if (t != NULL && t->x == NULL && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) handle(user, t);
  return 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user) {
  Conn *c = user;
  Stream *t = nghttp2_session_get_stream_user_data(ng, id);
  (void)code;
  if (t == NULL) return 0;
  if (t->x != NULL) exchange_drop(c->server, t->x);
  stream_free(c->h2, t);
  return 0;
}

/* ---- replies ---- */

/* Bytes of the body that go out at most; beyond them a broken reply resets its stream. */
static size_t body_end(const Reply *p) {
  if (p->wire != WIRE_RESET_BODY && p->wire != WIRE_CUT_BODY && p->wire != WIRE_CUT_CHUNK) return p->body.len;
  size_t at = p->at > 0 ? p->at : p->body.len / 2;
  return at < p->body.len ? at : p->body.len;
}

static ssize_t give_body(nghttp2_session *ng, int32_t id, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *user) {
  Exchange *x = source->ptr;
  Reply *p = &x->reply;
  size_t end = body_end(p), n = end - x->sent;
  (void)ng;
  (void)id;
  if (x->phase == PHASE_DRIP) return NGHTTP2_ERR_DEFERRED;
  if (n == 0 && end < p->body.len) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (n > room) n = room;
  if (p->wire == WIRE_SLOW && n > p->step) {
    n = p->step;
    exchange_later(((Conn *)user)->server, x, PHASE_DRIP, (uint64_t)(p->step_ms ? p->step_ms : 10) * 1000000u);
  }
  if (n > 0) memcpy(out, p->body.ptr + x->sent, n);
  x->sent += n;
  if (x->sent == p->body.len) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)n;
}

static void add_field(nghttp2_nv *nv, size_t *n, const char *name, size_t name_len, const char *value, size_t len) {
  if (*n == FIELDS) return;
  nv[(*n)++] = (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, name_len, len, NGHTTP2_NV_FLAG_NONE };
}

static void submit(Conn *c, Exchange *x) {
  Session *h = c->h2;
  Reply *p = &x->reply;
  nghttp2_nv nv[FIELDS];
  char status[8], length[24];
  size_t n = 0, lie = p->wire == WIRE_LONG_LENGTH ? 1000 : 0;
  if (p->wire == WIRE_SHORT_LENGTH) lie = (size_t)0 - p->body.len / 2;
  snprintf(status, sizeof status, "%d", p->status);
  snprintf(length, sizeof length, "%zu", p->body.len + lie);
  add_field(nv, &n, ":status", 7, status, strlen(status));
  if (p->type != NULL) add_field(nv, &n, "content-type", 12, p->type, strlen(p->type));
  if (p->wire != WIRE_CHUNKED && p->wire != WIRE_UNTIL_CLOSE)
    add_field(nv, &n, "content-length", 14, length, strlen(length));
  for (const char *line = p->head.ptr, *end = line + p->head.len; line < end;) {
    const char *stop = memmem(line, (size_t)(end - line), "\r\n", 2), *colon;
    if (stop == NULL) break;
    colon = memmem(line, (size_t)(stop - line), ": ", 2);
    if (colon != NULL) add_field(nv, &n, line, (size_t)(colon - line), colon + 2, (size_t)(stop - colon - 2));
    line = stop + 2;
  }
  nghttp2_data_provider body = { .source.ptr = x, .read_callback = give_body };
  nghttp2_submit_response(h->ng, x->stream, nv, n, p->body.len > 0 ? &body : NULL);
  if (p->wire == WIRE_GOAWAY || p->wire == WIRE_CLOSE || p->wire == WIRE_CLOSE_SILENT)
    nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE, x->stream, NGHTTP2_NO_ERROR, NULL, 0);
}

/* Hands over frames while the socket takes them. */
static void pump(Conn *c) {
  Session *h = c->h2;
  for (;;) {
    const uint8_t *bytes;
    ssize_t n = 0;
    while (c->out.len - c->out_at < OUT_MAX && (n = nghttp2_session_mem_send(h->ng, &bytes)) > 0)
      if (buf_add(&c->out, bytes, (size_t)n) != 0) abort();
    if (n < 0) {
      conn_close(c);
      return;
    }
    conn_flush(c);
    if (c->dead || c->out.len > 0 || n == 0) break;
  }
  if (!c->dead && c->out.len == 0 && !nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng))
    conn_close(c);
}

int http2_open(Conn *c) {
  nghttp2_session_callbacks *calls;
  nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS },
                                        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, OUT_MAX } };
  Session *h = calloc(1, sizeof *h);
  if (h == NULL || nghttp2_session_callbacks_new(&calls) != 0) abort();
  nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin);
  nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
  int bad = nghttp2_session_server_new(&h->ng, calls, c);
  nghttp2_session_callbacks_del(calls);
  if (bad) abort();
  c->h2 = h;
  nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, 4 * OUT_MAX);
  pump(c);
  return c->dead ? -1 : 0;
}

void http2_read(Conn *c) {
  Session *h = c->h2;
  if (c->in.len > c->in_at) {
    ssize_t n = nghttp2_session_mem_recv(h->ng, (const uint8_t *)c->in.ptr + c->in_at, c->in.len - c->in_at);
    c->in_at = c->in.len;
    if (n < 0) {
      conn_close(c);
      return;
    }
  }
  pump(c);
}

void http2_due(Conn *c, Exchange *x) {
  Session *h = c->h2;
  if (x->phase == PHASE_DRIP) {
    x->phase = PHASE_SEND;
    nghttp2_session_resume_data(h->ng, x->stream);
  } else switch (x->reply.wire) {
    case WIRE_RESET: conn_reset(c); return;
    case WIRE_RESTART: loop_restart(c->server, x->reply.step_ms); return;
    case WIRE_HANG: return;
    case WIRE_RESET_HEAD: nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, x->stream, NGHTTP2_INTERNAL_ERROR); break;
    case WIRE_GARBAGE:
      buf_str(&c->out, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
      c->close_when_sent = true;
      conn_flush(c);
      return;
    default: submit(c, x);
  }
  pump(c);
}

void http2_close(Conn *c) {
  Session *h = c->h2;
  c->h2 = NULL;
  while (h->streams != NULL) {
    if (h->streams->x != NULL) exchange_drop(c->server, h->streams->x);
    stream_free(h, h->streams);
  }
  nghttp2_session_del(h->ng);
  free(h);
}

#endif
