#pragma once
#include <zlib.h>

/// `inflateInit2` for data without a header of its own, as zip members are; Swift cannot import the macro.
static inline int keraskit_inflate_init_raw(z_stream *stream) { return inflateInit2(stream, -MAX_WBITS); }

/// `inflateInit2` for the gzip format.
static inline int keraskit_inflate_init_gzip(z_stream *stream) { return inflateInit2(stream, MAX_WBITS + 16); }
