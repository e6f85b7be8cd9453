"""The public price list."""

from ..stripe.shop import Shop


async def test_lists_packs_in_their_order_with_prices(shop: Shop) -> None:
    answer = await shop.http.get("/v1/products")
    assert answer.status_code == 200
    assert [
        (item["id"], item["credits"], item["amount_minor"], item["currency"]) for item in answer.json()["items"]
    ] == [
        ("pack-50", 50, 499, "eur"),
        ("pack-200", 200, 1799, "eur"),
        ("pack-1000", 1000, 7999, "eur"),
    ]
    assert answer.headers["cache-control"] == "public, max-age=60"


async def test_answers_304_to_the_etag_it_gave(shop: Shop) -> None:
    etag = (await shop.http.get("/v1/products")).headers["etag"]
    for sent in (etag, f'W/{etag}, "another"', "*"):
        answer = await shop.http.get("/v1/products", headers={"if-none-match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    changed = await shop.http.get("/v1/products", headers={"if-none-match": '"old"'})
    assert changed.status_code == 200


async def test_leaves_out_what_is_no_longer_sold(shop: Shop) -> None:
    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE products SET active = false WHERE product_id = 'pack-200'")
    listed = (await shop.http.get("/v1/products")).json()["items"]
    assert [item["id"] for item in listed] == ["pack-50", "pack-1000"]
    refused = await shop.order({"product_id": "pack-200"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/body/product_id"
