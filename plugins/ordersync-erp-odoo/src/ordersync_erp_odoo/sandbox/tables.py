"""The field tables of `metadata`, written by hand for what an order connector meets (measured)."""

from __future__ import annotations

__all__ = ["TABLES"]

TABLES: dict[str, tuple[str, str | dict[str, str], str]] = {
    "sale.order": (
        "Sales Order",
        "date_order desc, id desc",
        """
name char Order_Reference *
company_id many2one Company * >res.company
partner_id many2one Customer * >res.partner
state selection Status ! #draft:Quotation,sent:Quotation_Sent,sale:Sales_Order,cancel:Cancelled
locked boolean Locked
client_order_ref char Customer_Reference
commitment_date datetime Delivery_Date
date_order datetime Order_Date *
origin char Source_Document
reference char Payment_Ref.
validity_date date Expiration
require_signature boolean Online_signature
require_payment boolean Online_payment
note html Terms_and_conditions
partner_invoice_id many2one Invoice_Address * >res.partner
partner_shipping_id many2one Delivery_Address * >res.partner
fiscal_position_id many2one Fiscal_Position >account.fiscal.position
payment_term_id many2one Payment_Terms >account.payment.term
pricelist_id many2one Pricelist >product.pricelist
currency_id many2one Currency ! >res.currency
currency_rate float Currency_Rate !
user_id many2one Salesperson >res.users
team_id many2one Sales_Team >crm.team
tag_ids many2many Tags >crm.tag
order_line one2many Order_Lines >sale.order.line <order_id
amount_untaxed monetary Untaxed_Amount !
amount_tax monetary Taxes !
amount_total monetary Total !
amount_paid float Payment_Transactions_Amount ! ~
amount_invoiced monetary Already_invoiced ! ~
amount_to_invoice monetary Un-invoiced_Balance ! ~
invoice_count integer Invoice_Count ! ~
invoice_ids many2many Invoices ! ~ >account.move
invoice_status selection Invoice_Status ! #upselling:Upselling_Opportunity,invoiced:Fully_Invoiced,to+invoice:To_Invoice,no:Nothing_to_Invoice
transaction_ids many2many Transactions ! >payment.transaction
country_code char Country_code ! @company_id.country_id.code
tax_country_id many2one Tax_Country ! >res.country @company_id.country_id
tax_calculation_rounding_method selection Tax_calculation_rounding_method ! @company_id.tax_calculation_rounding_method #round_per_line:Round_per_Line,round_globally:Round_Globally
picking_policy selection Shipping_Policy * #direct:As_soon_as_possible,one:When_all_products_are_ready
warehouse_id many2one Warehouse * >stock.warehouse
picking_ids one2many Transfers >stock.picking <sale_id
delivery_count integer Delivery_Orders ! ~
delivery_status selection Delivery_Status ! #pending:Not_Delivered,started:Started,partial:Partially_Delivered,full:Fully_Delivered
effective_date datetime Effective_Date !
""",
    ),
    "sale.order.line": (
        "Sales Order Line",
        "order_id, sequence, id",
        """
order_id many2one Order_Reference * >sale.order
sequence integer Sequence
company_id many2one Company ! @order_id.company_id >res.company
currency_id many2one Currency ! @order_id.currency_id >res.currency
order_partner_id many2one Customer ! @order_id.partner_id >res.partner
salesman_id many2one Salesperson ! @order_id.user_id >res.users
state selection Order_Status ! @order_id.state #draft:Quotation,sent:Quotation_Sent,sale:Sales_Order,cancel:Cancelled
display_type selection Display_Type #line_section:Section,line_note:Note
is_downpayment boolean Is_a_down_payment
product_id many2one Product >product.product
product_template_id many2one Product_Template ! @product_id.product_tmpl_id >product.template
product_type selection Product_Type ! @product_id.type #consu:Goods,service:Service
name text Description *
product_uom_qty float Quantity * %2
product_uom many2one Unit_of_Measure >uom.uom 17
product_uom_id many2one Unit >uom.uom 19
tax_id many2many Taxes >account.tax 17
tax_ids many2many Taxes >account.tax 19
price_unit float Unit_Price * 17%2
technical_price_unit float Technical_Price_Unit 19
discount float Discount_(%) %2
price_subtotal monetary Subtotal !
price_tax float Total_Tax !
price_total monetary Total !
price_reduce_taxexcl monetary Price_Reduce_Tax_excl ! ~
price_reduce_taxinc monetary Price_Reduce_Tax_incl ! ~
customer_lead float Lead_Time
qty_delivered_method selection Method_to_update_delivered_qty ! ~ #manual:Manual,analytic:Analytic_From_Expenses,stock_move:Stock_Moves
qty_delivered float Delivery_Quantity %2
qty_invoiced float Invoiced_Quantity ! %2
qty_to_invoice float Quantity_To_Invoice ! ~
invoice_status selection Invoice_Status ! ~ #upselling:Upselling_Opportunity,invoiced:Fully_Invoiced,to+invoice:To_Invoice,no:Nothing_to_Invoice
move_ids one2many Stock_Moves >stock.move <sale_line_id
""",
    ),
    "res.partner": (
        "Contact",
        "complete_name ASC, id DESC",
        """
name char Name
complete_name char Complete_Name !
title many2one Title >res.partner.title 17
parent_id many2one Related_Company >res.partner
child_ids one2many Contact >res.partner <parent_id
ref char Reference
lang selection Language #en_US:English_(US)
tz selection Timezone
vat char Tax_ID
company_registry char Company_ID
website char Website_Link
comment html Notes
category_id many2many Tags >res.partner.category
active boolean Active
function char Job_Position
type selection Address_Type #contact:Contact,invoice:Invoice_Address,delivery:Delivery_Address,other:Other_Address
street char Street
street2 char Street2
zip char Zip
city char City
state_id many2one State >res.country.state
country_id many2one Country >res.country
country_code char Country_Code ! @country_id.code
email char Email
email_normalized char Normalized_Email !
phone char Phone
mobile char Mobile 17
is_company boolean Is_a_Company
company_type selection Company_Type ! ~ #person:Individual,company:Company
company_id many2one Company >res.company
user_id many2one Salesperson >res.users
commercial_partner_id many2one Commercial_Entity ! >res.partner
commercial_company_name char Company_Name_Entity ! ~
company_name char Company_Name
customer_rank integer Customer_Rank
supplier_rank integer Supplier_Rank
property_product_pricelist many2one Pricelist ! ~ >product.pricelist
property_account_position_id many2one Fiscal_Position >account.fiscal.position
sale_order_ids one2many Sales_Order >sale.order <partner_id
""",
    ),
    "product.template": (
        "Product",
        "name",
        """
name char Name *
active boolean Active
type selection Product_Type 17 #consu:Consumable,service:Service,product:Storable_Product
type selection Product_Type * 19 #consu:Goods,service:Service,combo:Combo
detailed_type selection Product_Type #consu:Consumable,service:Service,product:Storable_Product 17
is_storable boolean Track_Inventory 19
description_sale text Sales_Description
list_price float Sales_Price 17%2
standard_price float Cost
weight float Weight
sale_ok boolean Sales
purchase_ok boolean Purchase
uom_id many2one Unit_of_Measure * >uom.uom
uom_name char Unit_of_Measure_Name ! @uom_id.name
taxes_id many2many Sales_Taxes >account.tax
supplier_taxes_id many2many Purchase_Taxes >account.tax
invoice_policy selection Invoicing_Policy #order:Ordered_quantities,delivery:Delivered_quantities
company_id many2one Company >res.company
currency_id many2one Currency ! ~ >res.currency
default_code char Internal_Reference ! ~
barcode char Barcode ! ~
product_variant_ids one2many Products >product.product <product_tmpl_id
product_variant_id many2one Product ! ~ >product.product
product_variant_count integer #_Product_Variants ! ~
qty_available float Quantity_On_Hand ! ~
virtual_available float Forecasted_Quantity ! ~
""",
    ),
    "product.product": (
        "Product Variant",
        "default_code, name, id",
        """
default_code char Internal_Reference
active boolean Active
barcode char Barcode
product_tmpl_id many2one Product_Template * >product.template
product_template_attribute_value_ids many2many Attribute_Values >product.template.attribute.value
lst_price float Sales_Price ! ~
qty_available float Quantity_On_Hand ! ~
virtual_available float Forecasted_Quantity ! ~
free_qty float Free_To_Use_Quantity ! ~
incoming_qty float Incoming ! ~
outgoing_qty float Outgoing ! ~
""",
    ),
    "product.template.attribute.value": (
        "Product Template Attribute Value",
        "id",
        "\nname char Value *\nproduct_tmpl_id many2one Product_Template >product.template\n",
    ),
    "product.pricelist": (
        "Pricelist",
        "sequence, id",
        """
name char Pricelist_Name *
active boolean Active
sequence integer Sequence
currency_id many2one Currency * >res.currency
company_id many2one Company >res.company
discount_policy selection Discount_Policy #with_discount:Discount_included_in_the_price,without_discount:Show_public_price_&_discount 17
""",
    ),
    "account.tax": (
        "Tax",
        "sequence, id",
        """
name char Tax_Name *
type_tax_use selection Tax_Type * #sale:Sales,purchase:Purchases,none:None
tax_scope selection Tax_Scope #service:Services,consu:Goods
amount_type selection Tax_Computation * #group:Group_of_Taxes,fixed:Fixed,percent:Percentage,division:Percentage_Tax_Included
active boolean Active
company_id many2one Company * ! >res.company
sequence integer Sequence *
amount float Amount * %4
invoice_label char Label_on_Invoices
price_include boolean Included_in_Price 17
price_include boolean Included_in_Price 19 ! ~
price_include_override selection Included_in_Price 19 #tax_included:Tax_Included,tax_excluded:Tax_Excluded
include_base_amount boolean Affect_Base_of_Subsequent_Taxes
is_base_affected boolean Base_Affected_by_Previous_Taxes
tax_group_id many2one Tax_Group >account.tax.group
country_id many2one Country >res.country
country_code char Country_Code ! @country_id.code
""",
    ),
    "account.tax.group": (
        "Tax Group",
        "id",
        "\nname char Name *\ncountry_id many2one Country >res.country\n",
    ),
    "account.fiscal.position": (
        "Fiscal Position",
        "id",
        """
name char Fiscal_Position *
active boolean Active
auto_apply boolean Detect_Automatically
company_id many2one Company >res.company
country_id many2one Country >res.country
""",
    ),
    "account.payment.term": ("Payment Terms", "id", "\nname char Payment_Terms *\nactive boolean Active\n"),
    "account.move": ("Journal Entry", "id", "\nname char Number\n"),
    "payment.transaction": ("Payment Transaction", "id desc", "\nreference char Reference\n"),
    "crm.team": (
        "Sales Team",
        "id",
        "\nname char Sales_Team *\nactive boolean Active\ncompany_id many2one Company >res.company\n",
    ),
    "crm.tag": ("CRM Tag", "id", "\nname char Tag_Name *\ncolor integer Color\n"),
    "uom.uom": (
        "Product Unit of Measure",
        "id",
        "\nname char Unit_of_Measure *\nactive boolean Active\nfactor float Ratio\n",
    ),
    "res.company": (
        "Companies",
        "id",
        """
name char Company_Name *
active boolean Active
partner_id many2one Partner * >res.partner
currency_id many2one Currency * >res.currency
country_id many2one Country >res.country
account_sale_tax_id many2one Default_Sale_Tax >account.tax
account_fiscal_country_id many2one Fiscal_Country >res.country
tax_calculation_rounding_method selection Tax_Calculation_Rounding_Method #round_per_line:Round_per_Line,round_globally:Round_Globally
account_price_include selection Default_Sales_Price_Include 19 #tax_included:Tax_Included,tax_excluded:Tax_Excluded
""",
    ),
    "res.users": (
        "User",
        "name, login",
        """
name char Name ! @partner_id.name
login char Login *
active boolean Active
partner_id many2one Related_Partner * >res.partner
company_id many2one Company * >res.company
company_ids many2many Companies >res.company
email char Email ! @partner_id.email
lang selection Language #en_US:English_(US)
tz selection Timezone
""",
    ),
    "res.lang": (
        "Languages",
        "active desc, name",
        "\nname char Name *\ncode char Locale_Code *\niso_code char ISO_code\nactive boolean Active\n",
    ),
    "res.currency": (
        "Currency",
        "active desc, name",
        """
name char Currency *
full_name char Name
symbol char Symbol *
rounding float Rounding_Factor
decimal_places integer Decimal_Places !
active boolean Active
rate float Current_Rate !
""",
    ),
    "res.country": (
        "Country",
        "name",
        """
name char Country_Name *
code char Country_Code *
currency_id many2one Currency >res.currency
phone_code integer Country_Calling_Code
state_ids one2many States >res.country.state <country_id
state_required boolean State_Required
zip_required boolean Zip_Required
""",
    ),
    "res.country.state": (
        "Country state",
        "code",
        "\nname char State_Name *\ncode char State_Code *\ncountry_id many2one Country * >res.country\n",
    ),
    "res.partner.category": ("Partner Tags", "name", "\nname char Name *\nactive boolean Active\n"),
    "res.partner.title": ("Partner Title", "name", "\nname char Title *\n"),
    "stock.warehouse": (
        "Warehouse",
        "sequence, id",
        """
name char Warehouse *
code char Short_Name *
active boolean Active
sequence integer Sequence
company_id many2one Company * >res.company
partner_id many2one Address >res.partner
lot_stock_id many2one Location_Stock * >stock.location
view_location_id many2one View_Location >stock.location
""",
    ),
    "stock.location": (
        "Inventory Locations",
        "complete_name, id",
        """
name char Location_Name *
complete_name char Full_Location_Name !
active boolean Active
usage selection Location_Type * #supplier:Vendor_Location,view:View,internal:Internal_Location,customer:Customer_Location
location_id many2one Parent_Location >stock.location
company_id many2one Company >res.company
warehouse_id many2one Warehouse ! >stock.warehouse
""",
    ),
    "stock.quant": (
        "Quants",
        "id",
        """
product_id many2one Product * >product.product
product_tmpl_id many2one Product_Template ! @product_id.product_tmpl_id >product.template
location_id many2one Location * >stock.location
warehouse_id many2one Warehouse ! @location_id.warehouse_id >stock.warehouse
quantity float Quantity !
reserved_quantity float Reserved_Quantity !
available_quantity float Available_Quantity ! ~
inventory_quantity float Counted_Quantity
""",
    ),
    "stock.picking": (
        "Transfer",
        "scheduled_date asc, id desc",
        """
name char Reference
origin char Source_Document
state selection Status ! #draft:Draft,waiting:Waiting_Another_Operation,confirmed:Waiting,assigned:Ready,done:Done,cancel:Cancelled
partner_id many2one Contact >res.partner
company_id many2one Company ! >res.company
sale_id many2one Sales_Order >sale.order
scheduled_date datetime Scheduled_Date
date_done datetime Date_of_Transfer !
backorder_id many2one Back_Order_of >stock.picking
location_id many2one Source_Location >stock.location
location_dest_id many2one Destination_Location >stock.location
move_ids one2many Stock_Moves >stock.move <picking_id
move_ids_without_package one2many Stock_Moves_not_in_package 17 >stock.move <picking_id
picking_type_code selection Type_of_Operation ! ~ #incoming:Receipt,outgoing:Delivery,internal:Internal_Transfer
note html Notes
carrier_tracking_ref char Tracking_Reference
""",
    ),
    "stock.move": (
        "Stock Move",
        "sequence, id",
        """
name char Description 17
sequence integer Sequence
picking_id many2one Transfer >stock.picking
product_id many2one Product * >product.product
product_uom_qty float Demand %2
quantity float Quantity %2
picked boolean Picked
state selection Status ! #draft:New,waiting:Waiting_Another_Move,confirmed:Waiting_Availability,partially_available:Partially_Available,assigned:Available,done:Done,cancel:Cancelled
sale_line_id many2one Sale_Line >sale.order.line
location_id many2one Source_Location >stock.location
location_dest_id many2one Destination_Location >stock.location
origin char Source_Document
""",
    ),
    "stock.backorder.confirmation": (
        "Backorder Confirmation",
        "id",
        "\npick_ids many2many Transfers >stock.picking\nshow_transfers boolean Show_Transfers\n",
    ),
    "sale.order.cancel": (
        "Sales Order Cancel",
        "id",
        "\norder_id many2one Sale_Order * >sale.order\nsubject char Subject\nbody html Contents\n",
    ),
    "ir.model.data": (
        "Model Data",
        "module, model, name",
        """
module char Module *
name char External_Identifier *
model char Model_Name *
res_id integer Record_ID
complete_name char Complete_ID ! ~
noupdate boolean Non_Updatable
""",
    ),
}
