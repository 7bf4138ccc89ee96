#include "CImages.h"

#include <stdio.h>
#include <turbojpeg.h>

static int fail(tjhandle handle, char *message) {
  snprintf(message, CIMAGES_MESSAGE, "%s", tjGetErrorStr2(handle));
  if (handle) tjDestroy(handle);
  return -1;
}

int cimages_jpeg_header(const uint8_t *bytes, size_t count, CImagesHeader *header, char *message) {
  tjhandle handle = tjInitDecompress();
  int width, height, subsampling, colorspace;
  if (!handle || tjDecompressHeader3(handle, bytes, count, &width, &height, &subsampling, &colorspace) != 0) {
    return fail(handle, message);
  }
  header->width = width;
  header->height = height;
  header->channels = colorspace == TJCS_GRAY ? 1 : colorspace == TJCS_CMYK || colorspace == TJCS_YCCK ? 4 : 3;
  tjDestroy(handle);
  return 0;
}

int cimages_jpeg_decode(const uint8_t *bytes, size_t count, int channels, uint8_t *pixels, size_t size, char *message) {
  tjhandle handle = tjInitDecompress();
  int width, height, subsampling, colorspace;
  if (!handle || tjDecompressHeader3(handle, bytes, count, &width, &height, &subsampling, &colorspace) != 0) {
    return fail(handle, message);
  }
  if ((size_t)width * (size_t)height * (size_t)channels != size) {
    snprintf(message, CIMAGES_MESSAGE, "the size changed while it was read");
    tjDestroy(handle);
    return -1;
  }
  int format = channels == 1 ? TJPF_GRAY : TJPF_RGB;
  // TensorFlow decodes with the fast transform (decode_image_op.cc); with the same one, results are the same to the bit.
  // A warning (a truncated file) is an error here: half an image is no sample.
  if (tjDecompress2(handle, bytes, count, pixels, width, 0, height, format, TJFLAG_FASTDCT) != 0) {
    return fail(handle, message);
  }
  tjDestroy(handle);
  return 0;
}
