#pragma once
#include <stddef.h>
#include <stdint.h>

// JPEG and PNG as 8-bit samples, rows from the top, channels side by side. The libraries report errors by longjmp and
// by global state, which Swift cannot meet: these functions return 0, or -1 with a message.

#define CIMAGES_MESSAGE 200

typedef struct {
  int32_t width;
  int32_t height;
  /// Channels in the file: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA (JPEG: 1, 3, or 4 for CMYK).
  int32_t channels;
} CImagesHeader;

int cimages_jpeg_header(const uint8_t *bytes, size_t count, CImagesHeader *header, char *message);
/// `channels` is 1 or 3; `pixels` has room for height · width · channels bytes.
int cimages_jpeg_decode(const uint8_t *bytes, size_t count, int channels, uint8_t *pixels, size_t size, char *message);

int cimages_png_header(const uint8_t *bytes, size_t count, CImagesHeader *header, char *message);
/// `channels` is 1, 3 or 4; alpha is dropped or, where there is none, 255; 16-bit samples lose their lower half.
int cimages_png_decode(const uint8_t *bytes, size_t count, int channels, uint8_t *pixels, size_t size, char *message);
