/* modules/http/http.h - many requests to one origin from one thread, over libcurl's multi interface.
**
** A client is bound to an origin, and so are the secret headers it was given. Requests are queued by
** the thousand and leave in the order of (priority, id) as far as window, rate and buckets allow
** (http/pace.h); poll runs the event loop and hands back what finished. Nothing here knows what an
** answer means: whoever polls classifies it and says so (http_refused, http_troubled, http_requeue)
** before polling again, and no request leaves in between.
**
** Always so, without a switch: certificates and host names are verified; no redirect is followed, no
** netrc, cookie or proxy variable is read; only http and https; an address that the public internet
** does not route is refused after the name is resolved, unless allow_private; plain http only with
** plain_http; a request is put on the wire once. (libcurl sends a request again by itself when a kept
** connection turns out dead; a server may have billed the first one, so that ends as HTTP_RESET.)
**
** Without libcurl (HAVE_CURL) http_open fails with HTTP_MISSING. */
#ifndef TAMIS_HTTP_H
#define TAMIS_HTTP_H

#include <stdint.h>

#include "core/error.h"
#include "core/span.h"
#include "http/pace.h"
#include "http/url.h"

#define HTTP_MISSING "needs libcurl: install libcurl4-openssl-dev and build Tamis again"

typedef struct Http Http;

typedef struct HttpHeader { const char *name, *value; } HttpHeader;   /* NUL-terminated */

typedef struct HttpOptions {
  const char *origin;          /* "https://host[:port]", or with a path prefix: "https://host/v1" */
  const HttpHeader *header;    /* [nheaders] sent with every request */
  size_t nheaders;
  const HttpHeader *secret;    /* [nsecrets] the same, kept as http/secret.h says; never handed out */
  size_t nsecrets;
  const char *const *keep;     /* [nkeep] lower-case names of reply headers to hand back */
  size_t nkeep;
  const char *ca_file;         /* certificates trusted beside the system's; NULL: none */
  const char *proxy;           /* http://, https:// or socks5h:// URL; NULL: none, whatever the environment says */
  int http2;                   /* offer HTTP/2 over TLS */
  unsigned http2_connections;  /* at most so many while the server speaks HTTP/2; 0: no limit (libcurl opens many) */
  int allow_private;           /* the user named this origin: its address may be private */
  int plain_http;              /* the user named this origin: it may be http:// */
  double connect_timeout_s, timeout_s;   /* timeout_s: from leaving the queue to the last byte; 0: none */
  long low_speed_bytes, low_speed_s;     /* under so many bytes a second for so long is a timeout; 0: none */
  size_t max_reply_bytes;      /* of a body, after decompression; 0: no limit */
  size_t buffer_bytes;         /* of one request's receive buffer; 0: the library's own */
  PaceOptions pace;
} HttpOptions;

/* Opens a client. *out is NULL when it fails: -1 with err worded, never with a secret in it. */
int http_open(Http **out, const HttpOptions *opt, Error *err);
void http_close(Http *h);      /* drops what is queued and in flight, wipes the secrets; NULL is left alone */

typedef struct HttpPart {      /* of a multipart/form-data body; either body or file */
  const char *name, *filename, *content_type;   /* the last two may be NULL */
  Span body;
  const char *file;            /* read from this path while sending */
} HttpPart;

typedef struct HttpRequest {
  int64_t id;                  /* the caller's; also the order within a priority */
  int64_t priority;            /* lower leaves first */
  const char *method;          /* "GET", "POST", "DELETE"; NULL: POST with a body or parts, else GET */
  Span path;                   /* behind the origin and its prefix: "/v1/messages" */
  Span body;                   /* .ptr NULL: none */
  const Span *piece;           /* [npieces] put together they are the body, instead of `body` */
  size_t npieces;
  const HttpPart *part;        /* [nparts] instead of a body */
  size_t nparts;
  const HttpHeader *header;    /* [nheaders]; one of the client's of the same name gives way, never a secret */
  size_t nheaders;
  double need[PACE_BUCKETS];   /* what it takes from the buckets; need[PACE_REQUESTS] is 1 whatever stands here */
  double delay_s;              /* leaves no sooner than this from now */
  const char *to_file;         /* the body of a 2xx reply goes here, whole or not at all; NULL: memory */
  size_t max_reply_bytes;      /* 0: the client's */
} HttpRequest;

/* Queues a copy of all of it. 0; -1 with err worded: a path, header or method that cannot be sent. */
int http_submit(Http *h, const HttpRequest *r, Error *err);

/* Why there is no reply. A reply of any status is HTTP_OK. */
typedef enum HttpFault {
  HTTP_OK, HTTP_TIMEOUT, HTTP_RESOLVE, HTTP_CONNECT, HTTP_TLS, HTTP_CERTIFICATE, HTTP_FORBIDDEN, HTTP_RESET,
  HTTP_PARTIAL, HTTP_TOO_LARGE, HTTP_PROTOCOL, HTTP_FILE, HTTP_MEMORY, HTTP_FAULTS
} HttpFault;
/* "timeout"; "resolve": no address for the name; "connect"; "tls": the handshake; "certificate": it is
** not to be trusted, or not this host's; "forbidden": an address or scheme that is not allowed;
** "reset": cut before the first byte of a reply; "partial": cut within it; "too_large"; "protocol": no
** HTTP; "file": to_file or a part's file; "memory". NULL for HTTP_OK. */
const char *http_fault_word(HttpFault fault);

typedef struct HttpReply {
  int64_t id;
  long status;                 /* of the last response; 0 if none came */
  HttpFault fault;
  const char *message;         /* a sentence on the fault, without secrets; NULL for HTTP_OK */
  Span body;                   /* what came of it where fault is HTTP_PARTIAL; "" where it went to a file. Runs of 8
                               ** bytes of a secret are masked where status is 400 and up, of 16 elsewhere */
  const HttpHeader *header;    /* [nheaders] those to keep that came, without secrets */
  size_t nheaders;
  double elapsed_s;            /* from leaving the queue */
  uint64_t bytes_sent;         /* of the request's body, at least those that were handed to the system */
  uint64_t bytes_received;     /* of the reply's body, as it came */
  int sent;                    /* may the server have seen any of the request? 0 only if surely not */
  int http_version;            /* 10, 11, 20; 0 if no reply came */
  int sends;                   /* how often the request has left the queue, this time included */
} HttpReply;

/* Runs the loop until a request finished, timeout_s passed, nothing is queued or in flight, or an
** interrupt is pending. Returns how many finished, in order of finishing; http_reply(h, i) for i in
** [0, n) is valid until the next poll or close. The wait is a sleep. */
size_t http_poll(Http *h, double timeout_s);
const HttpReply *http_reply(const Http *h, size_t i);
/* Queues a reply's request once more, as it was, to leave no sooner than delay_s from now. Only
** for a reply of the last poll, once. 0; -1 if there is no such request. */
int http_requeue(Http *h, int64_t id, double delay_s);

/* The limits, see http/pace.h. A reply below 400, or of 400 to 499 but 429, counts by itself as one
** that the limits let through. http_refused takes a reply of the last poll; seconds: hold everything
** back so long. */
void http_limit(Http *h, PaceBucket which, double rate, double burst, double level);
void http_credit(Http *h, PaceBucket which, double tokens);
void http_refused(Http *h, int64_t id, double seconds);
void http_troubled(Http *h, double seconds);

/* Masks in place what a text repeats of the secrets: runs of `shortest` bytes or more. */
void http_scrub(const Http *h, char *text, size_t len, size_t shortest);

typedef struct HttpStats {
  size_t in_flight, queued;
  uint64_t sent;               /* requests put on the wire, repeats included */
  uint64_t finished, repeated; /* replies handed out; requests queued again */
  uint64_t connections;        /* opened so far */
  uint64_t bytes_sent, bytes_received;   /* bodies */
  double window, rate;         /* now: requests in flight allowed; learned rate, 0 if none */
  uint64_t cuts;
  size_t peak_in_flight;
  size_t memory, peak_memory;  /* bytes that libcurl holds now and held at most, in the whole process */
} HttpStats;
void http_stats(const Http *h, HttpStats *s);
const Url *http_origin(const Http *h);
const char *http_library(void);   /* "libcurl/7.88.1"; NULL without it */

#endif
