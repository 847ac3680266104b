"""An emulator of Google Cloud Storage's JSON API, of the part of its XML API that other clients use, and of the
servers that hand out tokens.

`objects` has the buckets, generations and preconditions, `uploads` the resumable uploads, `json_api` and
`xml_api` the two interfaces, `identity` the tokens, `control` the virtual clock and the faults, `web` HTTP.
Run it as `python gcs_emulator PORT FOLDER`.
"""
