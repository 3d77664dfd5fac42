"""A minimal platform over HTTP, so that what is measured is the client: a source of orders, and a target for them.

The API (JSON; money is text):

    GET  /account
    GET  /orders?cursor=&limit=&updated_from=      {"orders": [...], "next": "200"}       source
    GET  /orders/S17    GET /orders?ids=S1,S2                                              source
    GET  /customers?email=    GET /customers?emails=a,b      {"customers": [{"id", "email"}]}
    POST /customers {...}     POST /customers/batch {"customers": [...]}
    GET  /skus/SKU-0001       GET /skus?skus=a,b             {"items": [{"id", "sku", "price"}]}
    GET  /stock/I1            GET /stock?items=a,b           {"stock": [{"item", "available"}]}
    POST /orders {...}        answers the order as it stands, with its totals
    POST /orders/batch {"orders": [...]}                     answers ids alone, as bulk endpoints do
    GET  /orders?keys=a,b     GET /orders?ids=T1,T2          with totals, target

An order that is sent with a `key` stands once: asked again, the answer is the one that stands.
"""
