"""The stand-in ad platforms: as strict as the documents, with a back door for tests."""
