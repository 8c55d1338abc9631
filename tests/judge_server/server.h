/* tests/judge_server/server.h - a server on loopback that speaks what model providers speak, fails as they fail
** when told to, and counts what they would bill. tests/judge_server/README.md says how to script it.
**
**   loop.c      sockets, TLS reads and writes, timers: bytes in, bytes out
**   http1.c     HTTP/1.1: a request out of bytes, a reply into bytes, and every way a reply can break
**   http2.c     the same for HTTP/2 (nghttp2, where the build has it)
**   api.c       one request: route, key, fault, limit, answer, bill
**   anthropic.c openai.c embed.c batch.c    the wires: what they refuse, how they word it
**   ask.c       what is asked of the model: prompt, row, id, tokens; the deterministic judge
**   schema.c    the subset of JSON Schema each provider takes; a value that fits a schema
**   fault.c     faults by name; scripts, seeded mixes, markers in a row
**   limit.c     token buckets and their headers       stats.c   what was counted       control.c   /_control
** One thread. Nothing here is a provider's code; sources of the formats are named in the files. */
#ifndef TAMIS_JUDGE_SERVER_H
#define TAMIS_JUDGE_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "corpus/json.h"

typedef struct Server Server;
typedef struct Conn Conn;

/* ---- a request and its reply, whichever HTTP carried them ---- */

typedef struct Request {
  Span method, path, query;
  Span head;              /* lines "name: value\r\n" */
  Span body;
  int h2, tls;
} Request;

/* The value of a header, without blanks around it; absent (NULL) if there is none. */
Span request_header(const Request *r, const char *name);
/* The value of a query parameter, undecoded. */
Span request_query(const Request *r, const char *name);

/* How the bytes of a reply travel. */
typedef enum Wire {
  WIRE_PLAIN, WIRE_CHUNKED, WIRE_RESET, WIRE_RESET_HEAD, WIRE_RESET_BODY, WIRE_CUT_CHUNK, WIRE_CUT_BODY,
  WIRE_LONG_LENGTH, WIRE_SHORT_LENGTH, WIRE_UNTIL_CLOSE, WIRE_SLOW, WIRE_HANG, WIRE_CLOSE, WIRE_CLOSE_SILENT,
  WIRE_GARBAGE, WIRE_HINTS, WIRE_RESTART, WIRE_GOAWAY
} Wire;

typedef struct Reply {
  int status;
  const char *type;       /* content-type; NULL for none */
  Buf head;               /* further lines "name: value\r\n", names in lower case */
  Buf body;
  Wire wire;
  size_t at;              /* WIRE_RESET_BODY, _CUT_…: body bytes that still go out; 0: half of them */
  uint32_t step, step_ms; /* WIRE_SLOW: so many bytes each so many milliseconds; WIRE_RESTART: step_ms away */
  uint64_t delay_ns;      /* how long the model "thinks" */
} Reply;

void reply_header(Reply *p, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void reply_text(Reply *p, int status, const char *type, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* One request under way: its reply waits for its time, then for the socket. */
typedef struct Exchange {
  Conn *conn;             /* NULL once the connection is gone */
  int32_t stream;         /* HTTP/2; 0 for HTTP/1.1 */
  Reply reply;
  uint64_t due;           /* ns on the server's clock */
  size_t slot;            /* place in the heap of timers + 1; 0: in none */
  int phase;              /* what is due: PHASE_… */
  size_t sent;            /* body bytes handed over so far */
  struct Exchange *next;  /* free list, or the list of those ready now */
} Exchange;

enum { PHASE_SEND, PHASE_DRIP, PHASE_RESET, PHASE_CLOSE };

/* ---- connections (loop.c) ---- */

struct Conn {
  int kind;               /* LOOP_CONN; first, as the loop tells its things apart by it */
  int fd;
  uint32_t events;
  SSL *ssl;
  bool shaken;            /* TLS handshake over, or no TLS */
  bool ended;             /* the peer has closed its side */
  bool close_when_sent, dead;
  bool continued;         /* 100 Continue was said for the request being read */
  Buf in, out;
  size_t in_at, out_at;   /* read, written so far */
  size_t need;            /* bytes of `in` that the request being read takes at least */
  Buf chunks;             /* body of a request that came in chunks */
  Exchange *busy;         /* HTTP/1.1: the one whose reply is pending */
  void *h2;
  Server *server;
  Conn *prev, *next;
};

int loop_open(Server *s);
/* Serves until the server is told to end. */
void loop_run(Server *s);
void loop_close(Server *s);
Exchange *exchange_new(Server *s, Conn *c, int32_t stream);
void exchange_later(Server *s, Exchange *x, int phase, uint64_t delay_ns);
void exchange_end(Server *s, Exchange *x);
void exchange_drop(Server *s, Exchange *x);   /* ends it unsent: its connection or stream is gone */
void conn_flush(Conn *c);
void conn_close(Conn *c);           /* orderly */
void conn_reset(Conn *c);           /* RST */
void loop_restart(Server *s, uint32_t away_ms);
uint64_t now_ns(void);

/* http1.c */
void http1_read(Conn *c);                       /* takes what requests c->in holds */
void http1_due(Conn *c, Exchange *x);           /* the next thing to do for x's reply */
const char *http_reason(int status);
/* http2.c; http2_wanted says whether the bytes so far may open an HTTP/2 connection: 1 yes, 0 no, -1 too few */
int http2_built(void);
int http2_wanted(Span in);
int http2_open(Conn *c);
void http2_read(Conn *c);
void http2_due(Conn *c, Exchange *x);
void http2_close(Conn *c);
/* tls.c: contexts by kind of certificate, the test CA in a file */
enum { CERT_GOOD, CERT_EXPIRED, CERT_WRONG_HOST, CERT_SELF_SIGNED, CERT_KINDS };
int tls_open(Server *s);
void tls_close(Server *s);

/* ---- models ---- */

typedef enum Dialect { ANTHROPIC, OPENAI, VLLM, VLLM_FLAT, LLAMACPP, OLLAMA, TGI, DIALECTS } Dialect;

enum {
  MODEL_NO_SAMPLING = 1,   /* refuses temperature, top_p, top_k */
  MODEL_REASONING = 2,     /* OpenAI: reasons out of the cap, refuses max_tokens and temperature */
  MODEL_NO_PREFILL = 4,    /* refuses a last message of the assistant */
  MODEL_EMBEDDING = 8,
  MODEL_THINKS = 16        /* Anthropic: a thinking block stands before the text */
};

typedef struct Model {
  char name[64];
  Dialect provider;
  unsigned flags;
  uint32_t context, max_output, cache_floor;   /* tokens */
} Model;

/* ---- what is asked of the model (ask.c) ---- */

enum { FIELDS_MAX = 48 };

typedef struct Ask {
  Dialect dialect;
  JsonMember field[FIELDS_MAX];   /* members of the request's body, found in one walk */
  size_t nfields;
  const Model *model;      /* NULL on servers that take any name */
  Span model_name;
  Buf text;                /* the whole prompt, decoded */
  size_t user_at;          /* where its last user message begins */
  size_t mark[4], nmarks;  /* bytes before each cache breakpoint */
  uint32_t mark_ttl[4];    /* seconds */
  size_t extra;            /* bytes of tools and schema, which are billed too */
  uint64_t max_tokens;     /* 0: none given */
  JsonValue schema;        /* JSON_NONE if none */
  int n;                   /* choices */
  int json_mode;
  Span effort;             /* OpenAI reasoning_effort */
  /* found in the text: */
  Span row, id;
  Span scores;             /* arguments of its [[score …]] */
  int five;                /* the row itself asks for "5" */
  char key[96];            /* names the row in what is counted: its [[row NAME]], else a hash of it */
  uint32_t attempt;        /* how often this row was asked before */
} Ask;

typedef struct Usage { uint64_t input, write, write_1h, read, output, reasoning; } Usage;

void ask_begin(Ask *a, Dialect d, const JsonValue *body);
JsonValue ask_field(const Ask *a, const char *name);   /* the last one of that name; JSON_NONE if there is none */
void ask_free(Ask *a);
int ask_text(Ask *a, const JsonValue *string);
/* The members of those names, the last of each, in one walk over an object whose texts may be long. */
void json_pick(const JsonValue *object, const char *const *name, size_t n, JsonValue *out);
/* Finds row, id and key once the text is whole. */
void ask_find(Ask *a);
/* The next [[WORD …]] in text from *at on: its arguments; *at moves behind it. 0 if there is none. */
int marker_next(Span text, const char *word, size_t *at, Span *args);
/* The next blank-separated word of *args. */
Span word_next(Span *args);
uint64_t ask_tokens(const Ask *a);
/* Counts the prompt against the caches of prefixes. */
void ask_count(Server *s, const Ask *a, Usage *u);
/* The judge's own words: JSON that fits the schema, or the default dimensions. */
int ask_judge(Server *s, const Ask *a, Buf *out);
double ask_score(Server *s, const Ask *a, Span dimension);
uint64_t mix_hash(uint64_t seed, Span text, uint64_t n);
double unit_of(uint64_t hash);          /* [0, 1) */

/* schema.c: 0; or -1 with what the provider says */
int schema_check(Dialect d, const JsonValue *schema, Buf *why);
int schema_fill(Server *s, const Ask *a, const JsonValue *schema, Buf *out);

/* ---- faults (fault.c) ---- */

typedef struct Fault Fault;

/* A fault as it is asked for; the spans live as long as the row or the script. */
typedef struct FaultUse {
  const Fault *fault;
  int status;
  Span retry_after, retry_after_ms, reset, should_retry, location, type, code, message, body, headers, content_type;
  uint32_t ms, bytes;
  uint32_t times;          /* 0: always */
} FaultUse;

typedef enum FaultKind { FAULT_STATUS, FAULT_WIRE, FAULT_REPLY } FaultKind;
const Fault *fault_named(Span name);
const char *fault_name(const Fault *f);
FaultKind fault_kind(const Fault *f);
int fault_code(const Fault *f);
int fault_set(FaultUse *u, Span key, Span value);   /* -1: no such key or value */
/* Which fault this request meets: markers of the row, then the script, then the mix. 0 for none. */
int fault_pick(Server *s, Span path, const Ask *a, FaultUse *u);
void fault_status(Server *s, Dialect d, const FaultUse *u, Reply *p);
int fault_reply(const FaultUse *u, Buf *text);      /* spoils the model's text */
void fault_wire(Server *s, const FaultUse *u, Reply *p);
int fault_loses(const FaultUse *u);                 /* does the client go without an answer that was paid? */
void fault_list(Buf *out);                          /* all names, as a JSON array */

/* What a reply fault asks of those who word the reply; the rest is done to the text. */
typedef enum ReplyFault {
  REPLY_TEXT, REPLY_REFUSAL, REPLY_FILTER, REPLY_CUT, REPLY_EMPTY, REPLY_THINKING, REPLY_REASONING, REPLY_NO_USAGE,
  REPLY_BLOCKS, REPLY_UNKNOWN_BLOCK, REPLY_UNCAPPED
} ReplyFault;

/* ---- what can be set while it runs (control.c) ---- */

typedef struct Rule {
  Span match, path;        /* absent: any row; any endpoint that runs a model */
  FaultUse use;
  uint32_t skip, seen;     /* lets so many pass first */
} Rule;

typedef struct Config {
  uint64_t seed;
  Rule *rule;
  size_t nrules, rules_cap;
  struct { const Fault *fault; double share; } mix[64];
  size_t nmix;
  double latency_ms, jitter, straggler_share, straggler_ms;
  double burst_s;
  double silent;           /* no headers tell of the limits */
  double canary;           /* share of canaries that are obeyed */
  uint32_t max_concurrent; /* compatible servers: beyond it their queue is full */
  struct { uint32_t polls, ms, missing, duplicate, unknown; double expire; int shuffle, fail; } batch;
  Span dimensions[16];
  size_t ndimensions;
  struct Arena *arena;     /* texts of rules and dimensions */
} Config;

int control_apply(Server *s, Span json, Buf *why);
void control_reset(Server *s);
void control_handle(Server *s, const Request *r, Reply *p);

/* ---- limits (limit.c) ---- */

enum { LIMIT_REQUESTS, LIMIT_INPUT, LIMIT_OUTPUT, LIMITS };
typedef struct Bucket { double per_minute, level, cap; } Bucket;   /* per_minute 0: no limit */

void limit_set(Server *s, int which, double per_minute);
/* Takes what a request reserves. 0; or which + 1 of the bucket that lacks, with the wait in seconds. */
int limit_take(Server *s, uint64_t input, uint64_t output, double *wait_s);
void limit_return(Server *s, int which, double unused);   /* what was reserved and not used */
void limit_headers(Server *s, Dialect d, Reply *p);
void limit_refuse(Server *s, Dialect d, int which, double wait_s, Reply *p);

/* ---- counting (stats.c) ---- */

typedef struct RowCount { char *key; uint64_t hash; uint32_t requests, billed; uint64_t input, output; } RowCount;
typedef struct PathCount { char path[64]; int status; uint64_t n; } PathCount;
typedef struct Money { char model[64]; int batch; uint64_t requests, lost; Usage u; } Money;
typedef struct Second { uint32_t requests, ok, rate_429; } Second;

typedef struct Stats {
  uint64_t requests, model_requests, rate_429, accepted, refused_connections, h2_requests;
  uint32_t in_flight, max_in_flight, connections, max_connections;
  PathCount path[256];
  size_t npaths;
  Money money[64];
  size_t nmoney;
  RowCount *row;           /* [rows_cap], open addressing; a power of two */
  size_t nrows, rows_cap;
  struct { const Fault *fault; uint64_t n; } fault[128];
  size_t nfaults;
  Second second[900];
  uint64_t began;
} Stats;

RowCount *stats_row(Stats *t, const char *key);        /* made if new; NULL if out of memory */
void stats_answer(Server *s, Span path, int status);
void stats_fault(Stats *t, const Fault *f);
void stats_bill(Server *s, const Ask *a, const Usage *u, int batch, int lost);
void stats_json(Server *s, int rows, Buf *out);
void stats_reset(Server *s);
void record_request(Server *s, const Request *r);

/* ---- endpoints ---- */

/* Answers one request. */
void api_handle(Server *s, const Request *r, Reply *p);
/* An error as the dialect words it; type, code (Anthropic: of its details) and param may be NULL. */
void api_error(Server *s, Dialect d, Reply *p, int status, const char *type, const char *code, const char *param,
               const char *fmt, ...) __attribute__((format(printf, 8, 9)));
const Model *model_find(Server *s, Dialect provider, Span name);
void request_id(Server *s, const char *prefix, char out[40]);

/* What the model made of it. */
typedef struct Answer {
  Buf *text;               /* its words */
  ReplyFault fault;
  Usage usage;
  int cut;                 /* by max_tokens */
} Answer;

/* Judges a request's body as the provider would; fills *a. 0; or -1 with the error in *p. */
int anthropic_ask(Server *s, const JsonValue *body, int counting, Ask *a, Reply *p);   /* counting: no max_tokens */
int openai_ask(Server *s, Dialect d, const JsonValue *body, Ask *a, Reply *p);
void anthropic_reply(Server *s, const Ask *a, const Answer *w, Buf *out);
void openai_reply(Server *s, const Ask *a, const Answer *w, Buf *out);
/* Runs the model: words, tokens, bill. use may be NULL. */
int api_answer(Server *s, Ask *a, const FaultUse *use, int batch, Buf *out);
/* The same two for embeddings: the ask's row is the input. */
int embed_ask(Server *s, Dialect d, const JsonValue *body, Ask *a, Reply *p);
int embed_answer(Server *s, const Ask *a, const FaultUse *use, int batch, Buf *out);

/* Batches and files; path is what stands behind /v1. */
void batch_anthropic(Server *s, const Request *r, Span path, Reply *p);
void batch_openai(Server *s, const Request *r, Span path, Reply *p);
void batch_free(Server *s);

/* ---- all of it ---- */

typedef struct Listener { int kind, fd, port; SSL_CTX *ctx; } Listener;
enum { LOOP_LISTENER, LOOP_CONN, LOOP_STDIN, LOOP_SIGNAL };

typedef struct CacheEntry { uint64_t hash, until; } CacheEntry;

struct Server {
  Config config;
  Bucket bucket[LIMITS];
  uint64_t bucket_at;
  Stats stats;
  Model model[64];
  size_t nmodels;
  char anthropic_key[128], openai_key[128];
  const char *record_path, *dir;
  char made_dir[64];       /* the folder of the CA's file, if it was made here */
  char ca_path[256];
  int record_fd;
  int newest;              /* the request has anthropic-version 2026-10-21 */
  int lifetime_s, connection_limit, no_h2;
  int epoll, port_wanted;
  Listener listener[1 + CERT_KINDS];   /* http, then https by certificate */
  int stdin_kind, signal_kind, signal_fd;
  bool end;
  uint64_t back_at;        /* 0, or when the listeners come back */
  Conn *conns, *graveyard;
  Exchange **heap;
  size_t nheap, heap_cap;
  Exchange *ready, **ready_tail, *spare;
  JsonDoc doc;
  Ask ask;
  Buf words, scratch;
  CacheEntry cache[256];
  uint64_t next_id;
  struct Batch *batches;
  struct File *files;
};

#endif
