-- description: Accepted intents whose order is not stored in a final state, because a run died before.
-- parameters: none
select intents.*
from trading.intents as intents
left join trading.orders as orders using (client_order_id)
where
    intents.state = 'accepted'
    and coalesce(orders.state, '') not in ('filled', 'canceled')
order by intents.pair
